"""Every family and every extractor as the Protocol that it satisfies: the project's mypy run checks this module."""

from vsseval_fakes import Bare, Distance, Killer, Level, LevelMetric, Light, One, Words, WordsMetric

from vsseval.extractors.aesthetics import Aesthetics
from vsseval.extractors.aisfx import Aisfx
from vsseval.extractors.base import Extractor, PairExtractor
from vsseval.extractors.clap_mini import ClapMini
from vsseval.extractors.ctc import CTC
from vsseval.extractors.dialogue import Dialogue
from vsseval.extractors.distill_mos import DistillMosScore
from vsseval.extractors.dnsmos import Dnsmos
from vsseval.extractors.ecapa import ECAPA
from vsseval.extractors.emotion import Emotion
from vsseval.extractors.emotion2vec import Emotion2VecMean
from vsseval.extractors.faster_whisper import FasterWhisper, ProcessorWhisper
from vsseval.extractors.flow import Flow
from vsseval.extractors.ge2e import GE2E
from vsseval.extractors.imagebind import ImageBindEmbedding
from vsseval.extractors.imagebind_frames import ImageBindClips, ImageBindFrames
from vsseval.extractors.laion_clap import LaionClapExtractor
from vsseval.extractors.logmel import LogMel
from vsseval.extractors.melception import MelceptionExtractor
from vsseval.extractors.motion import Motion
from vsseval.extractors.mouth import MouthOpening
from vsseval.extractors.ms_clap import MsClapExtractor
from vsseval.extractors.nisqa import NisqaScores
from vsseval.extractors.onset import Onset
from vsseval.extractors.onset_strength import OnsetStrength
from vsseval.extractors.openai_whisper import OpenAIWhisper
from vsseval.extractors.openl3 import OpenL3Embeddings
from vsseval.extractors.panns import PANNs
from vsseval.extractors.passt import PaSSTClip, PaSSTWindows
from vsseval.extractors.rawnet3 import RawNet3Extractor
from vsseval.extractors.sound_print import SoundPrint
from vsseval.extractors.speech16k import Speech16k
from vsseval.extractors.sphinx import Sphinx
from vsseval.extractors.stereo import Stereo
from vsseval.extractors.synchformer import SynchformerTokens
from vsseval.extractors.synchformer_sync import SynchformerSync
from vsseval.extractors.syncnet import SyncNetEmbeddings
from vsseval.extractors.syncnet_faces import SyncNetFaces
from vsseval.extractors.utmos import Utmos
from vsseval.extractors.vggish import VGGish, VGGish16Bit, VGGishSide
from vsseval.extractors.wavlm_ecapa import WavLMECAPAExtractor
from vsseval.extractors.wavlm_sv import WavLMSV
from vsseval.extractors.whisper import Whisper
from vsseval.extractors.world import Waveform, WorldPadded, WorldPymcd, WorldVersa
from vsseval.metrics.aesthetics import Aesthetic
from vsseval.metrics.av_align import AvAlign
from vsseval.metrics.base import (
    DistributionMetric,
    LeaveOutRowsMetric,
    MetricSpec,
    RowsMetric,
    SampleMetric,
    SummedRowsMetric,
)
from vsseval.metrics.clap_score import ClapScore
from vsseval.metrics.cprs import PairedResponse
from vsseval.metrics.cpwer import PermutedErrorRate
from vsseval.metrics.desync import DesyncOnset
from vsseval.metrics.desync_synchformer import DesyncSynchformer
from vsseval.metrics.emotion import EmotionSimilarity
from vsseval.metrics.fad_infinity import FrechetInfinity
from vsseval.metrics.frechet import FrechetLogMel, FrechetOfClips, FrechetOfPatches
from vsseval.metrics.harmony import FrameHarmony, WindowHarmony
from vsseval.metrics.inception import InceptionScore
from vsseval.metrics.intelligibility import Pesq, Stoi
from vsseval.metrics.kernel import KernelAudioDistance, KernelInceptionDistance, MeanDiscrepancy
from vsseval.metrics.kl import Divergence
from vsseval.metrics.likeness import Likeness
from vsseval.metrics.lip_sync import LipSync
from vsseval.metrics.lse import LSE, TrackedLSE
from vsseval.metrics.mcd import McdPlain, McdVersa, McdWarped
from vsseval.metrics.mos import OpinionScore
from vsseval.metrics.neighbours import NearestNeighbours
from vsseval.metrics.onsets import EventOnsets, Onsets
from vsseval.metrics.pitch import Pitch
from vsseval.metrics.speaker import SpeakerSimilarity
from vsseval.metrics.stereo import ChannelDifference
from vsseval.metrics.text_conflict import TextConflict
from vsseval.metrics.wer import ErrorRate
from vsseval.weights.find import Weights


def per_clip(spec: MetricSpec) -> list[SampleMetric[...]]:
    return [
        Aesthetic(spec, "ce"),
        AvAlign(spec),
        ChannelDifference(spec, "level"),
        ClapScore(spec),
        DesyncOnset(spec),
        DesyncSynchformer(spec),
        Divergence(spec, "reference to generated"),
        EmotionSimilarity(spec),
        ErrorRate(spec, "wer", "spoken", "micro"),
        EventOnsets(spec, "onset_acc"),
        FrameHarmony(spec),
        Likeness(spec),
        LipSync(spec),
        LSE(spec, "distance"),
        LevelMetric(spec),
        McdPlain(spec),
        McdVersa(spec),
        McdWarped(spec),
        One(spec),
        Onsets(spec, "onset_acc"),
        OpinionScore(spec, "score"),
        PermutedErrorRate(spec, "cpwer", "spoken"),
        Pesq(spec),
        Pitch(spec, "f0_rmse", "warped"),
        SpeakerSimilarity(spec),
        Stoi(spec),
        TrackedLSE(spec, "distance", 50),
        WindowHarmony(spec),
        WordsMetric(spec),
    ]


def sums(spec: MetricSpec) -> list[DistributionMetric[...]]:
    return [FrechetLogMel(spec), FrechetOfPatches(spec, "patches"), Distance(spec)]


def grouped_rows(spec: MetricSpec) -> list[LeaveOutRowsMetric[...]]:
    return [
        FrechetInfinity(spec, "patches"),
        InceptionScore(spec),
        KernelAudioDistance(spec, "reference"),
        KernelInceptionDistance(spec),
        MeanDiscrepancy(spec),
    ]


def rows(spec: MetricSpec) -> list[RowsMetric[...]]:
    return [NearestNeighbours(spec, "density"), PairedResponse(spec), TextConflict(spec, "L3", "follows")]


def summed_rows(spec: MetricSpec) -> list[SummedRowsMetric[...]]:
    return [FrechetOfClips(spec, "embedding")]


def extractors(weights: Weights) -> list[Extractor]:
    return [
        Aesthetics(weights),
        Aisfx(),
        Bare(),
        CTC(weights, "hubert"),
        ClapMini(),
        Dialogue(weights),
        DistillMosScore(),
        Dnsmos(),
        ECAPA(weights),
        Emotion(weights),
        Emotion2VecMean(weights),
        FasterWhisper(weights, "base"),
        ProcessorWhisper(weights, "tiny.en"),
        Flow(),
        GE2E(),
        ImageBindClips(weights, "imagebind_clips"),
        ImageBindEmbedding(weights, "imagebind", "first picture"),
        ImageBindFrames(weights, "imagebind_frames"),
        Killer(),
        LaionClapExtractor(weights, "laion_clap", "", "BASE"),
        Level(),
        Light(),
        LogMel(),
        MelceptionExtractor(weights),
        Motion(),
        MouthOpening(),
        MsClapExtractor(weights),
        NisqaScores(weights, "nisqa", ""),
        Onset(),
        OnsetStrength("onset_strength", 22_050),
        OpenAIWhisper(weights, "base", detect=False),
        OpenL3Embeddings(weights, "openl3_stableaudio", "stableaudio"),
        PANNs(weights, "panns", 16, "avbench"),
        PaSSTClip(weights),
        PaSSTWindows(weights),
        RawNet3Extractor(weights),
        SoundPrint(),
        Speech16k(),
        Sphinx("lm"),
        Stereo(),
        SyncNetEmbeddings(weights),
        SyncNetFaces(weights, weights),
        SynchformerTokens(weights, "synchformer", "first picture"),
        Utmos(weights),
        VGGish(weights),
        VGGish16Bit(weights),
        VGGishSide(weights),
        Waveform(),
        WavLMECAPAExtractor(weights),
        WavLMSV(weights, "base"),
        Whisper(weights, "base"),
        Words(),
        WorldPymcd(),
        WorldVersa(),
    ]


def pair_extractors(weights: Weights) -> list[PairExtractor]:
    return [SynchformerSync(weights, "synchformer_sync", "synchformer"), WorldPadded()]
