# pictures.gp: what pictures of embeddings say of themselves. Its table of panels has 26 columns: series,
# loss, radius, s, m1, m2, m3, test accuracy, then the training samples' gap, and the test samples' gap, accuracy, Intra
# and Inter, each with its interval, the seed that is drawn, how many there are, and the data's name. Load it after
# tables.gp, with `features` the table of samples; it sets `table`, `count` and the cells.
table = features[1:strlen(features) - 4]."_panels.tsv"; columns_ = 26
eval read_cells
seeds = int(cell(1, 25))
is_fashion = cell(1, 26) eq "fashion"
seed_text = seeds > 1 ? sprintf("seed %s of %d, the median one", cell(1, 24), seeds) : "the run's only seed"
# What a mean over the seeds with its interval is called.
interval_text = seeds > 1 ? sprintf("mean and 95 %% interval of %d seeds", seeds) : "one seed, no interval"
between(low, high, form) = seeds > 1 ? sprintf(" [".form.", ".form."]", low, high) : ""
garments = "'T-shirt' 'trouser' 'pullover' 'dress' 'coat' 'sandal' 'shirt' 'sneaker' 'bag' 'ankle boot'"
# The classes of a list 0 to n - 1 with the names that Fashion-MNIST gives them.
garment_text(n) = (text_ = "", sum [k=1:n] (text_ = text_.(k > 1 ? "   " : "").sprintf("%d %s", k - 1, word(garments, k)), 0), text_)
