"""What functions of well-known libraries do with order, randomness and statistics."""

from __future__ import annotations

LISTINGS = frozenset({"glob.glob", "glob.iglob", "os.listdir", "os.scandir", "os.walk", "os.fwalk"})
"""Functions that list files in the order of the file system."""

LISTING_METHODS = frozenset({"glob", "rglob", "iterdir"})
"""Methods of a path that do the same."""

KEEPS_ORDER = frozenset(
    {
        "list",
        "tuple",
        "array",
        "asarray",
        "stack",
        "vstack",
        "hstack",
        "concatenate",
        "concat",
        "tensor",
        "Series",
        "iter",
        "tqdm",
        "trange",
        "fromiter",
        "reversed",
        "copy",
        "deepcopy",
        "astype",
        "reshape",
        "expand_dims",
        "squeeze",
        "float",
        "to",
        "cuda",
        "cpu",
        "contiguous",
        "numpy",
        "tolist",
        "join_paths",
        "as_tensor",
        "FloatTensor",
        "LongTensor",
        "flatten",
        "transpose",
        "view",
        "eval",
        "DataParallel",
        "compile",
        "map",
        "filter",
    }
)
"""Functions and methods whose result follows the order of what they are given."""

NOT_DATA = frozenset(
    {
        "len",
        "sum",
        "min",
        "max",
        "print",
        "str",
        "int",
        "bool",
        "any",
        "all",
        "isinstance",
        "type",
        "round",
        "range",
        "exists",
        "isdir",
        "isfile",
    }
)
"""Functions whose result no longer depends on the order."""

SPLITTERS = frozenset({"train_test_split", "random_split"})
"""Functions that divide samples at random."""

FOLDERS_OF_CLASSES = frozenset({"ImageFolder", "DatasetFolder"})
"""Datasets that number the classes of a folder by their sorted names."""

STATISTICS = frozenset(
    {
        "StandardScaler",
        "MinMaxScaler",
        "RobustScaler",
        "MaxAbsScaler",
        "Normalizer",
        "QuantileTransformer",
        "PowerTransformer",
        "PCA",
        "TruncatedSVD",
        "KernelPCA",
        "IncrementalPCA",
        "NMF",
        "FastICA",
        "TfidfVectorizer",
        "CountVectorizer",
        "TfidfTransformer",
        "SelectKBest",
        "SelectPercentile",
        "SelectFromModel",
        "RFE",
        "RFECV",
        "VarianceThreshold",
        "SimpleImputer",
        "KNNImputer",
        "IterativeImputer",
        "UMAP",
        "KBinsDiscretizer",
        "TargetEncoder",
    }
) - {"Normalizer"}
"""Estimators of scikit-learn and its friends that learn from all rows that they are fitted on."""

SUPERVISED = frozenset(
    {
        "SelectKBest",
        "SelectPercentile",
        "SelectFromModel",
        "RFE",
        "RFECV",
        "TargetEncoder",
    }
)
"""Those of `STATISTICS` that look at the labels: fitted on all rows, they give the answers away."""

OVERSAMPLERS = frozenset({"fit_resample", "fit_sample"})
"""Methods that add samples."""

RANDOM_TRANSFORMS = frozenset(
    {
        "RandomHorizontalFlip",
        "RandomVerticalFlip",
        "RandomCrop",
        "RandomResizedCrop",
        "RandomRotation",
        "RandomAffine",
        "RandomPerspective",
        "RandomErasing",
        "RandomGrayscale",
        "RandomApply",
        "RandomChoice",
        "RandomInvert",
        "RandomPosterize",
        "RandomSolarize",
        "RandomAdjustSharpness",
        "RandomAutocontrast",
        "RandomEqualize",
        "ColorJitter",
        "AutoAugment",
        "RandAugment",
        "TrivialAugmentWide",
        "AugMix",
        "HorizontalFlip",
        "VerticalFlip",
        "Flip",
        "ShiftScaleRotate",
        "RandomBrightnessContrast",
        "RandomRotate90",
        "Rotate",
        "CoarseDropout",
        "ElasticTransform",
        "GridDistortion",
        "OpticalDistortion",
        "HueSaturationValue",
        "RGBShift",
        "GaussNoise",
        "RandomFlip",
        "RandomZoom",
        "RandomTranslation",
        "RandomContrast",
        "RandomBrightness",
        "RandomScale",
        "RandomSizedCrop",
        "MotionBlur",
        "RandomGamma",
        "CLAHE",
        "Affine",
    }
) - {"CLAHE", "Flip"}
"""Transforms that draw at random for each image."""

FLIPS = frozenset({"RandomHorizontalFlip", "HorizontalFlip", "RandomFlip", "fliplr", "flip_left_right",
                   "random_flip_left_right"})  # fmt: skip
"""Transforms that exchange left and right."""

GENERATOR_OPTIONS = frozenset(
    {
        "horizontal_flip",
        "vertical_flip",
        "rotation_range",
        "zoom_range",
        "shear_range",
        "width_shift_range",
        "height_shift_range",
        "brightness_range",
        "channel_shift_range",
    }
)
"""Options of Keras's ImageDataGenerator that draw at random."""

CROSS_ENTROPY = frozenset({"torch.nn.CrossEntropyLoss", "torch.nn.functional.cross_entropy"})
"""Losses that apply softmax themselves."""

SEEDS = frozenset(
    {
        "manual_seed",
        "seed_everything",
        "set_seed",
        "seed",
        "set_random_seed",
        "fix_seed",
        "setup_seed",
        "seed_torch",
        "set_seeds",
        "init_seeds",
        "enable_full_determinism",
        "set_all_seeds",
    }
)
"""Functions that fix the random state of the whole program."""
