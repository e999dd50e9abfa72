"""What published systems do on the outside, as their repositories document it: not read from `baselines/`, so that both
can be compared.

For each system: the sound that it writes, and each of its programs by the path in the repository (or the name on the
path), with the arguments it knows, where its clips come from, and how it names its files.
"""

# `clips`: where the clips of a run are read from; `write`: name of the sound; `also`: what else lies about.
SYSTEMS = {
    "mmaudio": {
        "sample_rate": 44100, "seconds": 8.0, "template": ".flac",
        "programs": {"demo.py": {
            "flags": ["--video", "--prompt", "--negative_prompt", "--duration", "--variant", "--output", "--seed",
                      "--cfg_strength", "--num_steps"],
            "switches": ["--skip_video_composite", "--mask_away_clip", "--full_precision"],
            "clips": ["file", "{video}"], "write": "{output}/{stem}.flac",
        }},
    },
    "foleycrafter": {
        "sample_rate": 16000, "seconds": 10.0,
        "programs": {"inference.py": {
            "flags": ["--input", "--save_dir", "--prompt", "--nprompt", "--seed", "--semantic_scale",
                      "--temporal_scale", "--ckpt", "--pretrain", "--device"],
            "clips": ["folder", "{input}"], "mangles": True, "write": "{save_dir}/audio/{stem}.wav",
            "also": ["{save_dir}/video/{stem}.mp4"],
        }},
    },
    "frieren": {
        "sample_rate": 16000, "seconds": 8.19,
        "programs": {
            "script/data_preprocess/extract_cavp_feature.py": {
                "flags": ["--item-list-path", "--cavp-config-path", "--cavp-ckpt-path", "--video-path", "--output-dir"],
                "must_exist": ["video-path", "item-list-path", "cavp-ckpt-path"],
                "touch": ["{output-dir}/features.npz"],
            },
            "script/generate_mel_cfm_cfg_scale.py": {
                "flags": ["-m", "-c", "-g", "--cavp_feature", "--out-dir", "-s", "-t", "--scale", "--sample-num"],
                "must_exist": ["cavp_feature", "m"], "looks": False,
                "clips": ["lines", "{cavp_feature}/../items.txt"], "key": "0",
                "write": "{out-dir}/CFG{scale}_{s}_{t}/Y{stem}_0.npy",
            },
            "script/mel2wav_vocoder.py": {
                "flags": ["--root", "--vocoder-path"], "must_exist": ["root", "vocoder-path"], "looks": False,
                "clips": ["lines", "{root}/../../items.txt"], "key": "0",
                "write": "{root}gen_wav_16k_80/Y{stem}_0.wav",
            },
        },
    },
    "v_aura": {
        "sample_rate": 44100, "seconds": 2.56,
        "programs": {"main.py": {
            "flags": ["config", "experiment_path", "dataloader.data_dir", "duration",
                      "overridden_hparams.feature_extractor_config.params.ckpt_path"],
            "empty": "{experiment_path}", "clips": ["folder", "{dataloader_data_dir}"],
            "write": "{experiment_path}/generated/vggsound_test/{stem}.wav",
            "also": ["{experiment_path}/generated/vggsound_test/{stem}.mp4"],
        }},
    },
    "seeing_and_hearing": {
        "sample_rate": 16000, "seconds": 10.0,
        "files": {"v2a/video2audio.py": "        seed = config_seed_dict[video_name]\n"},
        "programs": {
            "v2a/extract_key_frame.py": {"flags": ["--root", "--out_root"], "touch": ["{out_root}/frame_0.png"]},
            "v2a/qwen_caption.py": {"flags": ["--imgdir"], "must_exist": ["imgdir"], "touch": ["{imgdir}/frame_0.txt"]},
            "v2a/video2audio.py": {
                "flags": ["--eval_set_root", "--prompt_root", "--out_root", "--start", "--end", "--seed"],
                "switches": ["--double_loss", "--init_latents", "--optimize_text"],
                "clips": ["folder", "{eval_set_root}"],
                "write": "{out_root}_inf_steps30_lr0.1/in/name_{stem}_seed{seed}.wav",
                "also": ["{out_root}_inf_steps30_lr0.1/in/name_{stem}_seed{seed}.mp4"],
            },
        },
    },
    "specvqgan": {
        "sample_rate": 22050, "seconds": 9.8, "ids": True, "data": ["data/vggsound/test.txt"],
        "programs": {
            "evaluation/generate_samples.py": {
                "flags": ["sampler.config_sampler", "sampler.model_logdir", "sampler.splits", "sampler.samples_per_video",
                          "sampler.batch_size", "sampler.top_k", "data.params.spec_dir_path",
                          "data.params.rgb_feats_dir_path", "sampler.now"],
                "clips": ["ids", "data/vggsound/test.txt"],
                "write": "{sampler_model_logdir}/samples_{sampler_now}/VGGSound_test/cls_7/{stem}_sample_0.npy",
            },
            "FOLDER/vocode.py": {
                "flags": [], "clips": ["ids", "{place0}/data/vggsound/test.txt"],
                "write": "{place2}/VGGSound_test/cls_7/{stem}_sample_0.wav",
            },
        },
    },
    "im2wav": {
        "sample_rate": 16000, "seconds": 4.096,
        "programs": {
            "Data/preprocess/collect_video_CLIP.py": {
                "flags": ["-videos_dir"], "clips": ["folder", "{videos_dir}"], "write": "video_CLIP/{stem}.npy",
            },
            "models/sample.py": {
                "flags": ["-bs", "-experiment_name", "-CLIP_dir", "-models"], "must_exist": ["CLIP_dir"], "looks": False,
                "clips": ["npy", "{CLIP_dir}"],
                "write": "samples/{experiment_name}/{models}/l0/{stem}.wav",
                "also": ["samples/{experiment_name}/{models}/l1/{stem}.wav"],
            },
        },
    },
    "vta_ldm": {
        "sample_rate": 16000, "seconds": 10.24,
        "programs": {"inference_from_video.py": {
            "flags": ["--original_args", "--model", "--sample_rate", "--data_path", "--save_dir", "--num_steps",
                      "--guidance", "--num_samples", "--batch_size"],
            "clips": ["folder", "{data_path}"], "write": "{save_dir}/{now}_steps_{num_steps}/{stem}.wav",
        }},
    },
    "thinksound": {
        "sample_rate": 44100, "channels": 2, "seconds": 10.0,
        "programs": {
            "extract_latents.py": {
                "flags": ["--root", "--tsv_path", "--save-dir", "--duration_sec"], "switches": ["--use_half"],
                "must_exist": ["root", "tsv_path"], "touch": ["{save-dir}/features.npz"],
            },
            "eval_batch.py": {
                "flags": ["--dataset-config", "--model-config", "--duration-sec", "--results-dir", "--save-dir"],
                "must_exist": ["results-dir"], "looks": False, "clips": ["csv", "{results-dir}/../list.csv"],
                "key": "id", "write": "{save-dir}/{date}_batch_size1/{stem}.wav",
            },
        },
    },
    "prismaudio": {
        "sample_rate": 44100, "channels": 2, "seconds": 10.0,
        "programs": {"scripts/PrismAudio/demo.sh": {
            "flags": [], "clips": ["file", "{place0}"], "write": "results/{date}_batch_size1/demo.wav",
        }},
    },
    "hunyuanvideo_foley": {
        "sample_rate": 48000, "seconds": 10.0,
        "programs": {"infer.py": {
            "flags": ["--model_path", "--config_path", "--csv_path", "--output_dir", "--neg_prompt", "--guidance_scale",
                      "--num_inference_steps"],
            "must_exist": ["model_path"], "clips": ["csv", "{csv_path}"], "key": "video",
            "write": "{output_dir}/{row:04d}.wav", "also": ["{output_dir}/{row:04d}.mp4"],
        }},
    },
    "rewas": {
        "sample_rate": 16000, "seconds": 10.0,
        "programs": {"test.py": {
            "flags": ["-ckpt", "--config", "--control_type", "--save_path", "--testlist"], "must_exist": ["ckpt"],
            "clips": ["jsonl", "{testlist}"], "key": "video_name",
            "write": "{save_path}/energy_video/generated_{stem}_0.wav",
            "also": ["{save_path}/energy_video/generated_{stem}_1.wav", "{save_path}/energy_video/generated_{stem}_2.wav"],
        }},
    },
    "hpmdubbing": {
        "sample_rate": 22050, "seconds": 2.0, "ids": True, "data": ["data/list.txt"],
        "programs": {"Synthesis.py": {
            "flags": ["--restore_step", "-p", "-m", "-t", "-p2"], "clips": ["ids", "data/list.txt"],
            "write": "results/generated_path/wav_pred_{stem}.wav", "also": ["results/reconstruct_path/wav_rec_{stem}.wav"],
        }},
    },
    "styledubber": {
        "sample_rate": 22050, "seconds": 2.0, "ids": True, "data": ["data/list.txt"],
        "programs": {"0_evaluate_V2C_Setting1.py": {
            "flags": ["--restore_step"], "clips": ["ids", "data/list.txt"],
            "write": "0_Cemara_Setting2/result/Who_{restore_step}_Wav/wav_pred_{stem}.wav",
        }},
    },
    "speaker2dubber": {
        "sample_rate": 22050, "seconds": 2.0, "ids": True, "data": ["data/list.txt"],
        "programs": {"Synthesis.py": {
            "flags": ["--restore_step", "-s", "-n"], "clips": ["ids", "data/list.txt"],
            "write": "results/out_setting{s}_{restore_step}/wav_pred_{stem}.wav",
        }},
    },
    "emodubber": {
        "sample_rate": 16000, "seconds": 2.0, "width": 3, "ids": True, "data": ["data/Val_list.txt"],
        "programs": {"EmoDubber_Networks/Inference_GRID_Unbatch_New_S1.py": {
            "flags": ["--checkpoint_path", "--vocoder_checkpoint_path", "--Val_list", "--Silent_Lip", "--Silent_Face",
                      "--Refence_audio", "--output_folder", "--Set2_list"],
            "required": ["--checkpoint_path", "--vocoder_checkpoint_path", "--Val_list", "--Silent_Lip", "--Silent_Face",
                         "--Refence_audio"],
            "must_exist": ["checkpoint_path", "vocoder_checkpoint_path"], "clips": ["ids", "{Val_list}"],
            "write": "{output_folder}/Setting1_GRID_outputWav_Step_9/s1-{stem}.wav",
        }},
    },
    "produbber": {
        "sample_rate": 24000, "seconds": 2.0, "ids": True, "data": ["data/list.txt"],
        "programs": {"inference_v2c.py": {
            "flags": ["-n", "--epoch", "--setting"], "clips": ["ids", "data/list.txt"],
            "write": "output/{n}/result_setting{setting}_epoch{epoch}/wav_pred_{stem}.wav",
        }},
    },
    "aligndit": {
        "sample_rate": 16000, "seconds": 3.0, "ids": True, "nested": True, "data": ["data/list.txt"],
        "programs": {"src/aligndit/script/eval/infer.py": {
            "flags": ["-n", "-s", "-t", "-nfe", "-c", "--cfg_t", "--cfg_v"], "clips": ["ids", "data/list.txt"],
            "write": "results/{n}_{c}/{t}/seed{s}_euler_nfe{nfe}_hifigan_16k_ss-1_cfgt{cfg_t}.0_cfgv{cfg_v}.0_gt-dur/"
                     "test/{stem}.wav",
        }},
    },
    "lipvoicer": {
        "sample_rate": 16000, "seconds": 3.0,
        "programs": {"inference_real_video.py": {
            "flags": ["generate.ckpt_path", "generate.video_path", "generate.save_dir"],
            "clips": ["file", "{generate_video_path}"], "write": "{generate_save_dir}/w1=2_w2=1.5/{stem}.wav",
            "also": ["{generate_save_dir}/w1=2_w2=1.5/{stem}.mp4", "{generate_save_dir}/w1=2_w2=1.5/{stem}.npy"],
        }},
    },
    "f5_tts": {
        "sample_rate": 24000, "seconds": 3.0,
        "programs": {"BIN/f5-tts_infer-cli": {
            "flags": ["--model", "--ref_audio", "--ref_text", "--gen_text", "--output_dir", "--output_file", "--nfe_step",
                      "--cfg_strength", "--speed", "--fix_duration", "--device"],
            "must_exist": ["ref_audio"], "clips": ["name", "{output_file}"], "write": "{output_dir}/{stem}.wav",
        }},
    },
    "deepdubber_v1": {
        "sample_rate": 24000, "seconds": 3.0,
        "programs": {
            "src/internvl/eval.py": {
                "flags": ["--test_file", "--video_dir"], "looks": False, "clips": ["lines", "{test_file}"], "key": "0",
                "write": "mmlm/{stem}.npy", "also": ["mmlm_res.csv"],
            },
            "src/moviedubber/infer_with_mmlm_result.py": {
                "flags": ["-i", "-s", "-o", "--gpuids"], "must_exist": ["i"], "looks": False,
                "clips": ["npy", "mmlm"], "write": "{o}/wav/{stem}.wav",
            },
        },
    },
    "deepaudio_v1": {
        "sample_rate": 24000, "seconds": 3.0,
        "programs": {
            "MMAudio/demo.py": {
                "flags": ["--output", "--start", "--end", "--scp", "--calc_energy"], "touch": ["{output}/v__clip.flac"],
            },
            "F5-TTS/src/f5_tts/infer/infer_cli_test.py": {
                "flags": ["--output_dir", "--start", "--end", "--ckpt_file", "--v2a_path", "--infer_list"],
                "must_exist": ["v2a_path", "ckpt_file"], "clips": ["lines", "{infer_list}"], "key": "2",
                "write": "{output_dir}/gen/{row:08d}.wav", "also": ["{output_dir}/ref/{row:08d}.wav"],
            },
        },
    },
    "mova": {
        "sample_rate": 48000, "seconds": 2.0, "template": ".mp4",
        "programs": {"scripts/inference_single.py": {
            "flags": ["--ckpt_path", "--cp_size", "--height", "--width", "--prompt", "--ref_path", "--output_path",
                      "--seed", "--offload"],
            "must_exist": ["ref_path", "ckpt_path"], "clips": ["name", "{output_path}"], "write": "{output_path}",
        }},
    },
    "javisdit": {
        "sample_rate": 16000, "seconds": 2.0, "template": ".mp4",
        "programs": {"scripts/inference.py": {
            "flags": ["--num-frames", "--resolution", "--aspect-ratio", "--model-path", "--prompt-path", "--save-dir",
                      "--verbose"],
            "must_exist": ["model-path"], "looks": False, "clips": ["csv", "{prompt-path}"], "key": "id",
            "write": "{save-dir}/sample_{row:04d}.mp4",
        }},
    },
    "controlfoley": {
        "sample_rate": 44100, "seconds": 8.0, "template": ".flac",
        "programs": {"demo.py": {
            "flags": ["--variant", "--video", "--prompt", "--negative_prompt", "--duration", "--cfg_strength",
                      "--num_steps", "--output", "--seed"],
            "switches": ["--skip_video_composite", "--mask_away_clip"],
            "clips": ["file", "{video}"], "write": "{output}/{stem}.flac",
        }},
    },
    "foley_omni": {
        "sample_rate": 16000, "seconds": 10.0,
        "programs": {"inference_v2st.py": {
            "flags": ["--config-file"],
            # What the released inference_v2st.yaml holds, less the list of its batch mode.
            "settings": ["ckpt_dir", "output_dir", "sample_steps", "solver_name", "model_name", "shift", "sp_size",
                         "audio_guidance_scale", "mode", "fp8", "cpu_offload", "sample_rate", "seed",
                         "audio_negative_prompt", "cfg_zero_video_features_in_negative", "cfg_apply_to_clip_features",
                         "cfg_apply_to_sync_features", "slg_layer", "each_example_n_times", "video_path", "text_prompt",
                         "duration", "audio_only", "model_checkpoint"],
            "must_exist": ["ckpt_dir"], "clips": ["file", "{video_path}"], "write": "{output_dir}/{stem}.wav",
            "also": ["{output_dir}/pred_mapping.csv"],
        }},
    },
    "ovi": {
        "sample_rate": 16000, "seconds": 2.0, "template": ".mp4",
        "programs": {"inference.py": {
            "flags": ["--config-file"],
            "settings": ["ckpt_dir", "output_dir", "sample_steps", "solver_name", "model_name", "shift", "sp_size",
                         "audio_guidance_scale", "video_guidance_scale", "mode", "fp8", "cpu_offload", "seed",
                         "video_negative_prompt", "audio_negative_prompt", "video_frame_height_width", "text_prompt",
                         "image_path", "slg_layer", "each_example_n_times"],
            "must_exist": ["ckpt_dir", "image_path"], "looks": False, "clips": ["file", "{image_path}"],
            "write": "{output_dir}/a_dog_barking_704x1280_{seed}_0.mp4",
        }},
    },
    "ltx_2": {
        "sample_rate": 24000, "seconds": 2.0, "template": ".mp4",
        "programs": {"ltx_pipelines/distilled.py": {
            "flags": ["--transformer-path", "--text-encoder-path", "--video-vae-path", "--audio-vae-path",
                      "--spatial-upsampler-path", "--image", "--num-frames", "--frame-rate", "--seed", "--prompt",
                      "--output-path"],
            "must_exist": ["image"], "looks": False, "clips": ["name", "{output-path}"], "write": "{output-path}",
        }},
    },
    "davinci_magihuman": {
        "sample_rate": 44100, "seconds": 2.0, "template": ".mp4",
        "files": {"example/distill/config.json": '{"load": "/path/to/checkpoints/distill"}'},
        "programs": {"inference/pipeline/entry.py": {
            "flags": ["--config-load-path", "--prompt", "--image_path", "--seconds", "--br_width", "--br_height", "--seed",
                      "--output_path"],
            "must_exist": ["image_path", "config-load-path"], "looks": False, "clips": ["name", "{output_path}"],
            "write": "{output_path}_{seconds}s_{br_width}x{br_height}.mp4",
        }},
    },
    "fun_cineforge": {
        "sample_rate": 24000, "seconds": 3.0, "ids": True, "data": ["exps/data/vsseval.jsonl"],
        "programs": {"exps/infer.sh": {
            "flags": ["--test_data_jsonl", "--output_dir", "--random_seed"], "clips": ["ids", "{test_data_jsonl}"],
            "write": "{output_dir}/wav/{stem}.wav", "also": ["{output_dir}/feat/{stem}.npy"],
        }},
    },
}  # fmt: skip
SYSTEMS["e2_tts"] = SYSTEMS["f5_tts"]
