"""The reference configuration: CLIP, Synchformer, RawNet3, AudioLDM2's VAE and vocoder around the transformer."""
