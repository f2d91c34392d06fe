"""SadTalker (Zhang et al., CVPR 2023): speech moves coefficients of a 3D face model, these move face-vid2vid's keypoints."""
