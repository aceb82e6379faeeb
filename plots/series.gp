# series.gp: how implementations look in the figures that compare them: instruction sets of the library
# (in the colour of the loss that is compared, arcface), heads by others, BLAS libraries, the floor. It
# must not know any data. Load it after tables.gp and style.gp.
series_names = "scalar avx2 avx512 neon blas-unfused naive torch openblas blis onednn floor stored"
series_titles = "scalar AVX2 AVX-512 NEON BLAS,_unfused naive_loops PyTorch OpenBLAS BLIS oneDNN three_GEMMs one_N_×_C_array"
series_marks = "7 5 9 13 2 1 3 4 8 12 6 6"
ink = "#1b1b1b"
series_at(name) = (sum [i=1:words(series_names)] (word(series_names, i) eq name) * i)
spaced(text) = (strstrt(text, "_") ? text[1:strstrt(text, "_")-1]." ".spaced(text[strstrt(text, "_")+1:*]) : text)
title_of(name) = (series_at(name) ? spaced(word(series_titles, series_at(name))) : name)
mark_of(name) = (series_at(name) ? int(word(series_marks, series_at(name))) : 14)
colour_of(kind) = (kind eq "isa" ? word(colours, 5) : kind eq "blas" ? word(colours, 4) : ink)
# The kind of a series stands where others have the loss.
kind_of(i) = loss_of(i)
