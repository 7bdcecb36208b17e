"""Rules DC9xx: the user's loader, model and loss, before the first step; ``datacheck.preflight`` judges them."""

from __future__ import annotations

from typing import Any

from datacheck.rules.common import BaseRule
from datacheck.rules.loader.base import LoaderRule
from datacheck.rules.loader.dc901_wrong_label_arrives import WrongLabelArrives
from datacheck.rules.loader.dc902_shared_samples import SharedSamples
from datacheck.rules.loader.dc903_class_shares_differ import ClassSharesDiffer
from datacheck.rules.loader.dc904_train_not_shuffled import TrainNotShuffled
from datacheck.rules.loader.dc905_repeated_random_numbers import RepeatedRandomNumbers
from datacheck.rules.loader.dc906_input_values import InputValues
from datacheck.rules.loader.dc907_input_layout import InputLayout
from datacheck.rules.loader.dc908_channels_exchanged import ChannelsExchanged
from datacheck.rules.loader.dc909_normalisation import Normalisation
from datacheck.rules.loader.dc910_preprocessing_differs import PreprocessingDiffers
from datacheck.rules.loader.dc911_varying_validation import VaryingValidation
from datacheck.rules.loader.dc912_label_form import LabelForm
from datacheck.rules.loader.dc913_model_fails import ModelFails
from datacheck.rules.loader.dc914_initial_loss import InitialLoss
from datacheck.rules.loader.dc915_softmax_before_loss import SoftmaxBeforeLoss
from datacheck.rules.loader.dc916_no_gradient import NoGradient
from datacheck.rules.loader.dc917_batch_dependence import BatchDependence
from datacheck.rules.loader.dc918_dead_or_exploding import DeadOrExploding
from datacheck.rules.loader.dc919_cannot_overfit import CannotOverfit
from datacheck.rules.loader.dc920_slow_loader import SlowLoader

LOADER_RULES: tuple[type[BaseRule[Any]], ...] = (
    WrongLabelArrives,
    SharedSamples,
    ClassSharesDiffer,
    TrainNotShuffled,
    RepeatedRandomNumbers,
    InputValues,
    InputLayout,
    ChannelsExchanged,
    Normalisation,
    PreprocessingDiffers,
    VaryingValidation,
    LabelForm,
    ModelFails,
    InitialLoss,
    SoftmaxBeforeLoss,
    NoGradient,
    BatchDependence,
    DeadOrExploding,
    CannotOverfit,
    SlowLoader,
)
"""Every rule on loader, model and loss, in the order of its code."""

__all__ = ["LOADER_RULES", "LoaderRule"]
