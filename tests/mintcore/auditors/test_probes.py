import numpy as np
import torch
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from mintcore.auditors.probes import PULL, Moments, Probe


def test_moments__solve_what_scikit_learn_solves() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, [1, 20, 0.1, 5], (300, 4))
    y = np.eye(3)[rng.integers(0, 3, 300)] + 0.1 * x[:, :3]
    moments = Moments()
    for start in range(0, 300, 64):
        moments.add(x[start : start + 64], y[start : start + 64])
    weight, bias = moments.solve()

    scaler = StandardScaler().fit(x)
    ridge = Ridge(alpha=PULL).fit(scaler.transform(x), y)
    np.testing.assert_allclose(x @ weight + bias, ridge.predict(scaler.transform(x)), atol=1e-9)


def test_moments__a_feature_that_never_changes_does_no_harm() -> None:
    moments = Moments()
    moments.add(np.array([[0.0, 7.0], [1.0, 7.0], [2.0, 7.0]]), np.array([[0.0], [1.0], [2.0]]))
    weight, bias = moments.solve()
    assert np.isfinite(weight).all()
    assert np.isfinite(bias).all()
    assert weight[1] == 0


def test_probe__says_how_sure_a_layer_is_of_the_models_class() -> None:
    probe = Probe(2, 3)
    probe.weight.copy_(torch.tensor([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]]))
    probe.bias.copy_(torch.tensor([0.0, 0.0, 0.25]))
    logits = torch.tensor([[9.0, 1.0, 2.0], [0.0, 0.0, 1.0]])
    found = probe(torch.tensor([[3.0, 1.0], [3.0, 1.0]]), logits)
    # the answers are 3, 1 and 2.25: of class 0 ahead by 0.75, of class 2 behind by as much
    assert found.tolist() == [[3.0, 0.75], [2.25, -0.75]]
