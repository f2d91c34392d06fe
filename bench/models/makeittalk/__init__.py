"""MakeItTalk (Zhou et al., SIGGRAPH Asia 2020): speech to 68 landmarks of a face, landmarks to pictures.

Own code under the published tensor names. `autovc`, `content`, `speaker`, `translation` and `voice` are the networks, `speech`
and `pitch` what they hear, `face`, `motion` and `sketch` the steps between them, `adapter` the model under the suite's protocol.
"""
