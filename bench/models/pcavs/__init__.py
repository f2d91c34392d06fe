"""PC-AVS (Zhou et al., CVPR 2021): speech for the mouth, another video for the head pose, a portrait for the looks."""
