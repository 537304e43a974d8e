"""Answer mutants: one part of one kind of answer is wrong, and the suite must say so, or a sentence why it may be.

python tests/mutants/matrix.py --sample 25 --seed 1 --out DIR     a page and a table: what caught what
python tests/mutants/matrix.py --cell etag.absent.update          one cell, by itself
"""
