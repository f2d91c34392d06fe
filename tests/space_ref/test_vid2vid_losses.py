"""Loss terms of face-vid2vid against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from space_ref.losses.adversarial import critic_hinge, feature_matching, generator_hinge
from space_ref.losses.discriminator import DiscriminatorConfig, MultiScaleDiscriminator
from space_ref.losses.equivariance import Warp, equivariance_loss, random_warp
from space_ref.losses.head_pose import head_pose_bins_loss, head_pose_loss, model_angles
from space_ref.losses.keypoints import deformation_prior, keypoint_prior, landmark_guide, pair_guide
from space_ref.losses.perceptual import AlexNetFeatures, PerceptualLoss, VGG19Features, blurred_half
from space_ref.losses.regions import EYES, MOUTH, region_loss, region_pictures
from space_ref.rotation import rotation_matrix
from space_ref.vid2vid.transform import degrees, rotation

NAN = math.nan


def test_perceptual_loss_weighs_layers_and_sums_the_pyramid() -> None:
    class Channels(nn.Module):
        def forward(self, x: Tensor) -> list[Tensor]:
            return [x[:, :1], 2 * x[:, 1:]]

    loss = PerceptualLoss(Channels(), weights=(1.0, 3.0), factors=(1, 2))
    one = torch.full((2, 3, 4, 4), 0.5)
    # 1 * 0.25 + 3 * 2 * 0.25 at each of two levels.
    torch.testing.assert_close(loss(one, one - 0.25), torch.tensor(3.5))
    assert loss(one, one) == 0


def test_perceptual_loss_sees_a_lower_level_only_averaged() -> None:
    class Image(nn.Module):
        def forward(self, x: Tensor) -> list[Tensor]:
            return [x]

    checks = (torch.arange(4)[:, None] + torch.arange(4)) % 2
    image = checks.float().expand(1, 3, 4, 4)
    assert PerceptualLoss(Image(), (1.0,), (2,))(image, torch.full_like(image, 0.5)) == 0


def test_perceptual_loss_teaches_the_image_and_not_its_features() -> None:
    loss = PerceptualLoss(AlexNetFeatures(), (1.0,) * 5, (2,))
    prediction = torch.rand(1, 3, 64, 64, requires_grad=True)
    loss(prediction, torch.rand(1, 3, 64, 64)).backward()
    assert prediction.grad is not None and prediction.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in loss.parameters())


def test_perceptual_loss_without_levels_is_an_error() -> None:
    with pytest.raises(ValueError, match="factors"):
        PerceptualLoss(nn.Identity(), (1.0,), ())


def test_vgg19_has_torchvisions_names_and_the_papers_layers() -> None:
    network = VGG19Features()
    convolutions = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
    state = network.state_dict()
    assert set(state) == {f"features.{index}.{part}" for index in convolutions for part in ("weight", "bias")}
    whole_file = {**state, "features.30.bias": torch.zeros(512), "classifier.0.bias": torch.zeros(4096)}
    layers = VGG19Features.from_torchvision(whole_file)(torch.rand(1, 3, 32, 32))
    # relu1_1, relu2_1, relu3_1, relu4_1, relu5_1: the first of each block, so a pool before each but the first.
    sizes = [(1, 64, 32, 32), (1, 128, 16, 16), (1, 256, 8, 8), (1, 512, 4, 4), (1, 512, 2, 2)]
    assert [tuple(layer.shape) for layer in layers] == sizes
    assert all(layer.min() >= 0 for layer in layers)


def test_alexnet_takes_stlpips_keys_and_names_what_is_missing() -> None:
    keys = dict(zip(range(5), ("slice1.0", "slice2.5", "slice3.9", "slice4.11", "slice5.13"), strict=True))
    ours = AlexNetFeatures()
    state = {
        f"net.{keys[int(name.split('.')[1])]}.{name.split('.')[2]}": value for name, value in ours.state_dict().items()
    }
    image = torch.rand(1, 3, 48, 48)
    for one, other in zip(AlexNetFeatures.from_stlpips(state)(image), ours(image), strict=True):
        torch.testing.assert_close(one, other)
    del state["net.slice3.9.bias"]
    with pytest.raises(ValueError, match=r"ST-LPIPS.*convolutions\.2\.bias"):
        AlexNetFeatures.from_stlpips(state)


def test_blur_keeps_flat_areas_and_halves() -> None:
    assert torch.equal(blurred_half(torch.ones(1, 2, 7, 8)), torch.ones(1, 2, 5, 5))


def test_hinge_values() -> None:
    real, fake = [torch.tensor([2.0, 0.0]), torch.tensor([1.0])], [torch.tensor([-2.0, 0.5]), torch.tensor([0.0])]
    # Scale 1: (0 + 1) / 2 + (0 + 1.5) / 2; scale 2: 0 + 1.
    torch.testing.assert_close(critic_hinge(real, fake), torch.tensor(2.25))
    torch.testing.assert_close(generator_hinge(fake), torch.tensor(0.75))


def test_feature_matching_sums_layers_and_does_not_move_the_real_side() -> None:
    real, fake = torch.ones(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    loss = feature_matching([real, 2 * real], [fake, fake])
    torch.testing.assert_close(loss, torch.tensor(3.0))
    loss.backward()
    assert real.grad is None and fake.grad is not None


def test_discriminator_has_one_map_a_scale_and_all_layers() -> None:
    critic = MultiScaleDiscriminator(
        DiscriminatorConfig(block_expansion=2, max_features=8, num_blocks=3, factors=(1, 2))
    )
    scores, layers = critic(torch.rand(2, 3, 64, 64))
    assert [tuple(score.shape) for score in scores] == [(2, 1, 10, 10), (2, 1, 2, 2)]
    assert [layer.shape[1] for layer in layers] == [4, 8, 8] * 2


def test_discriminator_without_scales_is_an_error() -> None:
    with pytest.raises(ValueError, match="factor"):
        DiscriminatorConfig(factors=())


def test_equivariance_is_zero_for_an_equivariant_network() -> None:
    """The image holds the coordinates themselves, so the affine map can be read from it and inverted exactly."""
    centres = torch.linspace(-1, 1, 32, dtype=torch.float64) * (1 - 1 / 32)
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    image = torch.stack([x, y]).expand(2, 2, 32, 32)
    wanted = torch.tensor([[0.3, -0.1], [-0.4, 0.2], [0.0, 0.5]], dtype=torch.float64)

    def network(image: Tensor) -> Tensor:
        places = torch.stack([x, y, torch.ones_like(x)], dim=-1).view(1, -1, 3).expand(2, -1, -1)
        fit = torch.linalg.lstsq(places, image.flatten(2).mT).solution
        return torch.linalg.solve(fit[:, :2].mT, (wanted - fit[:, 2:]).mT).mT

    affine = torch.tensor([[[0.8, 0.1, 0.02], [-0.05, 0.7, -0.1]], [[0.7, -0.2, 0.0], [0.1, 0.8, 0.05]]]).double()
    warp = Warp(affine, torch.zeros(2, 25, 2, dtype=torch.float64))
    keypoints, warped = network(image), network(warp.image(image))
    assert (keypoints - warped).abs().max() > 0.05
    assert equivariance_loss(keypoints, warped, warp) < 1e-9


def test_equivariance_is_the_distance_after_the_way_back() -> None:
    shift = Warp(torch.tensor([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]]), torch.zeros(1, 25, 2))
    keypoints = torch.tensor([[[0.5, 0.0, 9.0]]])
    torch.testing.assert_close(equivariance_loss(keypoints, torch.zeros(1, 1, 3), shift), torch.tensor(0.0))
    torch.testing.assert_close(equivariance_loss(keypoints, keypoints, shift), torch.tensor(0.25))


def test_warp_moves_image_and_points_alike_with_splines_too() -> None:
    warp = random_warp(2, torch.Generator().manual_seed(0), affine=0.02, bending=0.02)
    centres = torch.linspace(-1, 1, 64) * (1 - 1 / 64)
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    moved = warp.image(torch.stack([x, y]).expand(2, 2, 64, 64))
    expected = warp.points(torch.stack([x, y], dim=-1).view(1, -1, 2)).mT.unflatten(-1, (64, 64))
    inside = (slice(None), slice(None), slice(16, 48), slice(16, 48))
    torch.testing.assert_close(moved[inside], expected[inside], atol=1e-5, rtol=0)


def test_warp_stays_exact_in_half_precision() -> None:
    warp, points = random_warp(2, torch.Generator().manual_seed(0)), torch.rand(2, 9, 2)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = warp.points(points)
    assert torch.equal(rounded, warp.points(points))


def test_random_warp_repeats_with_its_generator() -> None:
    one, other = (random_warp(3, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(one.affine, other.affine) and torch.equal(one.bending, other.bending)


def test_keypoint_prior_counts_close_pairs_both_ways_and_the_depth() -> None:
    keypoints = torch.tensor([[[0.0, 0.0, 0.5], [0.2, 0.0, 0.5], [1.0, 0.0, 0.5]]])
    # One pair at squared distance 0.04: twice 0.1 - 0.04; mean depth 0.5 instead of 0.33.
    torch.testing.assert_close(keypoint_prior(keypoints), torch.tensor(2 * 0.06 + 0.17))
    torch.testing.assert_close(keypoint_prior(keypoints, distance=0.01, depth=0.5), torch.tensor(0.0))


def test_deformation_prior_is_the_l1_norm() -> None:
    torch.testing.assert_close(deformation_prior(torch.tensor([[1.0, -2.0], [0.0, 0.5]])), torch.tensor(1.75))


def test_landmark_guide_ignores_images_without_a_face() -> None:
    keypoints = torch.zeros(2, 2, 3, requires_grad=True)
    landmarks = torch.tensor([[[0.5, 0.0, -0.5], [0.0, 0.0, 0.5]], [[NAN] * 3, [NAN] * 3]])
    loss = landmark_guide(keypoints, landmarks)
    torch.testing.assert_close(loss, torch.tensor(0.25))
    loss.backward()
    assert keypoints.grad is not None and keypoints.grad.isfinite().all() and keypoints.grad[1].abs().sum() == 0
    assert landmark_guide(keypoints, torch.full((2, 2, 3), NAN)) == 0


def test_model_angles_are_the_same_rotation() -> None:
    random = torch.Generator().manual_seed(1)
    angles = (torch.rand(200, 3, generator=random, dtype=torch.float64) * 2 - 1) * torch.tensor([85.0, 175.0, 175.0])
    pitch, yaw, roll = model_angles(angles).unbind(-1)
    torch.testing.assert_close(rotation(yaw, pitch, roll), rotation_matrix(angles), atol=1e-9, rtol=0)


@pytest.mark.parametrize(
    ("angles", "axis", "sign"),
    [((0.0, 30.0, 0.0), 0, 1), ((30.0, 0.0, 0.0), 1, -1)],
    ids=["yaw turns the nose to the right edge", "pitch lifts the nose"],
)
def test_a_turned_face_moves_its_nose_keypoint(angles: tuple[float, ...], axis: int, sign: int) -> None:
    pitch, yaw, roll = model_angles(torch.tensor([angles])).unbind(-1)
    nose = rotation(yaw, pitch, roll)[0] @ torch.tensor([0.0, 0.0, -1.0])
    torch.testing.assert_close(nose[axis], torch.tensor(sign * 0.5), atol=1e-5, rtol=0)


def test_roll_turns_the_top_of_the_head_clockwise() -> None:
    pitch, yaw, roll = model_angles(torch.tensor([[0.0, 0.0, 30.0]])).unbind(-1)
    top = rotation(yaw, pitch, roll)[0] @ torch.tensor([0.0, -1.0, 0.0])
    assert top[0] > 0.49


def test_head_pose_loss_sums_angles_over_present_faces() -> None:
    measured = torch.tensor([[10.0, 0.0, 0.0], [NAN] * 3])
    predicted = (model_angles(measured) + torch.tensor([1.0, -2.0, 3.0])).nan_to_num().requires_grad_()
    loss = head_pose_loss(predicted, measured)
    torch.testing.assert_close(loss, torch.tensor(6.0))
    loss.backward()
    assert predicted.grad is not None and predicted.grad[1].abs().sum() == 0


def test_head_pose_bins_are_best_where_the_expected_angle_is_the_measured_one() -> None:
    measured = torch.tensor([[12.0, -20.0, 5.0]])
    logits = torch.zeros(1, 3, 66, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    torch.testing.assert_close(head_pose_bins_loss(logits, measured), torch.tensor(3 * math.log(66)))
    for _ in range(200):
        optimizer.zero_grad()
        head_pose_bins_loss(logits, measured).backward()
        optimizer.step()
    found = torch.stack([degrees(logits[:, i]) for i in range(3)], dim=1)
    torch.testing.assert_close(found, model_angles(measured), atol=0.5, rtol=0)


def test_region_loss_is_the_mean_inside_the_box() -> None:
    landmarks = torch.full((2, 478, 3), NAN)
    landmarks[0, list(MOUTH[0])] = torch.tensor([[-0.4, 0.0, 0.0], [0.4, 0.0, 0.0], [0.0, -0.2, 0.0], [0.0, 0.2, 0.0]])
    target = torch.zeros(2, 3, 20, 20)
    prediction = torch.ones(2, 3, 20, 20)
    # The box reaches 0.2 further: columns -0.6..0.6, rows -0.4..0.4.
    prediction[:, :, 6:14, 4:16] = 0.25
    torch.testing.assert_close(region_loss(prediction, target, landmarks, MOUTH), torch.tensor(0.25))
    assert region_loss(prediction, target, torch.full((2, 478, 3), NAN), MOUTH) == 0


def test_region_pictures_show_the_square_around_each_region() -> None:
    landmarks = torch.zeros(1, 478, 3)
    for (box,), (x, y) in ((MOUTH, (0.0, 0.5)), (EYES[:1], (-0.5, -0.5))):
        landmarks[0, list(box), 0] = x + torch.tensor([-0.2, 0.2, 0.0, 0.0])
        landmarks[0, list(box), 1] = y + torch.tensor([0.0, 0.0, -0.1, 0.1])
    # A picture whose red is its column and whose green is its row, both in -1..1.
    axis = torch.linspace(-1, 1, 65) * (1 - 1 / 65)
    image = torch.stack([*torch.meshgrid(axis, axis, indexing="xy"), torch.zeros(65, 65)])[None]
    mouth, eye = region_pictures(image, landmarks, (*MOUTH, EYES[0]), 8, margin=0.0)[0]
    inside = torch.linspace(-1, 1, 8) * (1 - 1 / 8) * 0.2
    torch.testing.assert_close(mouth[0], inside.expand(8, 8), atol=1e-5, rtol=0)
    torch.testing.assert_close(mouth[1], 0.5 + inside[:, None].expand(8, 8), atol=1e-5, rtol=0)
    torch.testing.assert_close(eye[0], -0.5 + inside.expand(8, 8), atol=1e-5, rtol=0)


def test_region_pictures_without_a_face_are_the_whole_frame() -> None:
    image = torch.rand(1, 3, 16, 16, requires_grad=True)
    found = region_pictures(image, torch.full((1, 478, 3), NAN), MOUTH, 16)
    torch.testing.assert_close(found[0, 0], image[0], atol=1e-6, rtol=0)
    found.sum().backward()
    assert image.grad is not None and bool(image.grad.isfinite().all())


def test_pair_guide_sees_an_opening_and_not_where_the_head_is() -> None:
    landmarks = torch.tensor([[[0.0, 0.0, 0.0], [0.0, 0.04, 0.0], [0.9, 0.0, 0.0]]])
    moved = landmarks + torch.tensor([0.3, -0.2, 0.1])
    assert float(pair_guide(moved, landmarks)) == pytest.approx(0, abs=1e-6)
    closed, far = landmarks.clone(), landmarks.clone()
    closed[0, 1, 1] = 0.0
    far[0, 2, 1] = 0.04
    # The same error counts for more between lips than across the face.
    assert float(pair_guide(closed, landmarks)) > 4 * float(pair_guide(far, landmarks))


def test_pair_guide_leaves_out_images_without_a_face() -> None:
    landmarks = torch.rand(2, 4, 3)
    keypoints = torch.rand(2, 4, 3)
    alone = pair_guide(keypoints[:1], landmarks[:1])
    landmarks[1] = torch.nan
    assert torch.allclose(pair_guide(keypoints, landmarks), alone)
