"""Everything that rests on no other part: a race's history in, what is wrong with it out."""
