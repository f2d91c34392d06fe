"""Splits with names: which clips belong to ``train``, ``test``, ... One YAML file each, under ``datasets/splits``.

A file has these keys (`files.KEYS`): ``name``; ``version``, raised with every change; ``source``, where the split comes
from; ``dataset``, the reader that it is for; ``by``, ``speaker`` (default: nobody is in two splits) or ``clip``;
``speakers``, names or patterns a split, or ``others`` for all the rest; ``rule`` with its ``parameters`` (`rules.RULES`);
or, in place of these, ``clips``, names of clips a split.
A file whose name holds ``<count>`` or ``<seed>`` stands for all splits of that form; the numbers become parameters.
"""

from datasets.splits.files import load, names
from datasets.splits.split import Labelled, Split

__all__ = ["Labelled", "Split", "load", "names"]
