"""face-vid2vid (Wang et al., CVPR 2021) driven by the clip itself: the ceiling of every model that draws with it."""
