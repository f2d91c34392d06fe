"""``space-bench study serve``: hands out blocks, keeps each answer at once, shows how far the study is."""
