from datacheck.rules.code.dc703_text_order_beside_rows import TextOrderBesideRows

from .code_snippets import said
from .examples import shown

WRONG = """
import glob
import numpy as np
frames = sorted(glob.glob("frames/*.png"))
angles = np.loadtxt("angles.txt")
pairs = list(zip(frames, angles))
"""

RIGHT = """
import glob
import numpy as np
from natsort import natsorted
frames = natsorted(glob.glob("frames/*.png"))
angles = np.loadtxt("angles.txt")
pairs = list(zip(frames, angles))
"""


def test_finds_the_defect_and_says_what_its_page_shows() -> None:
    assert said(TextOrderBesideRows(), WRONG) == [shown(TextOrderBesideRows)]


def test_the_right_twin_is_silent() -> None:
    assert said(TextOrderBesideRows(), RIGHT) == []
