"""EAMM (Ji et al., SIGGRAPH 2022): speech, head pose and an emotional video move the keypoints of a first order motion model."""
