"""Wav2Lip (Prajwal et al., ACM Multimedia 2020): speech to the lower half of a face, pasted back into the picture."""
