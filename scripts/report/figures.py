"""The figures of the report: their order, titles, captions and the file that has their numbers.
Only data; a figure that is not here is shown at the end, under its name."""

TOY = (
    "Directions of two-dimensional embeddings after training under each loss: a dot per test sample, a line per "
    "class weight. An arc holds the middle 98 % of a class, of training samples outside, of test "
    "samples inside; black: neighbours overlap. The figure says which of the seeds is drawn, the one "
    "whose gaps, averaged over the losses, are the median. Gap: from arc to arc, the median of a "
    "seed’s, mean and 95 % interval over the seeds; negative: an overlap.")

# Figures with a mark for each sample, which a summary goes without; names as below.
WITH_SAMPLES = ("toy_features_", "cosface_fig4", "sphereface_fig5", "amsoftmax_sphere")


def has_samples(name):
    return name.startswith(WITH_SAMPLES)


# A section: id, title, one sentence, its figures. A figure: name, file, title, caption; a name
# ending in _ stands for all figures that begin so, with the rest of the name as {rest}.
SECTIONS = (
    ("speed", "Speed",
     "Medians of repetitions interleaved at random; ratios are paired, repetition by repetition.", (
         ("speed", "speed.json", "Time of the losses",
          "Median time per row on one thread, with the least and the greatest repetition. Filled "
          "marks: loss and gradients; hollow marks: loss only. Lines: the three matrix products of "
          "the same shape alone, by each BLAS library that was found."),
         ("margin_cost", "speed.json", "What a margin costs",
          "Time of the whole head under each loss, compared with NormSoftmax, which has the same "
          "products and no margin. Marks: median of the paired ratios; bars: its interval; one "
          "that reaches the frame goes on. A bar that crosses zero: a cost cannot be told within "
          "what the bar reaches."),
         ("speed_peers", "speed.json", "Heads and libraries against the three products",
          "Time over that of the three matrix products, each by the library that is fastest at "
          "it: further left is faster. Marks: median of the paired ratios; bars: its interval."),
         ("speed_sizes", "speed.json", "Over N, D and C",
          "Rate of the whole ArcFace head per thread, 6NDC flops over the time, on lines of "
          "shapes that vary rows, dimensions or classes alone. The plain line is the three matrix"
          " products of the same shape, each by the fastest library for it; dashed: the peak of "
          "multiply-adds measured in the same run. Bars: interval of the median."),
         ("speed_threads", "speed.json", "Over threads",
          "How many times as fast as on one thread. Bars: interval of the median."),
         ("speed_memory", "speed.json", "Memory",
          "How far the process’s memory rises above inputs and outputs in one call, on one "
          "thread, measured in pages (2 MB where the system uses huge ones). Circles: the size of"
          " one array of N × C logits."),
         ("speed_roofline", "speed.json", "Roofline",
          "Rate of the whole head over the flops that it does per byte when each input is read "
          "and each output written once, a mark per shape. A head below the roof pays for "
          "exponentials, for its rows' own work, or for memory in between."),
         ("pareto", "torch.json", "Time, error and memory of heads in PyTorch",
          "A training step with ArcFace, by bench/speed/peers_torch.py: its time, the error of dX against the "
          "formula in wider precision by the angle of the rows to their class, and by the area of the mark the "
          "memory that it takes beside its inputs. Left and low is better."),
         ("scaling", "scale.json", "A step over many machines",
          "What the model of docs/scaling.md says of a step with 10⁸ classes, 512 dimensions and "
          "6400 rows on machines of 32 processors as fast as the one that was measured. Filled "
          "marks and lines: numbers of machines that are powers of two, whose ranges of classes "
          "end where the sums over classes do; hollow marks: others, which exchange more."),
     )),
    ("stability", "Numerical stability",
     "Every loss against its formula in wider precision, beside the usual ways to write it.", (
         ("gradient_error", "stability.json", "Error of the gradient",
          "Relative error of the embedding’s gradient against a computation in wider precision, "
          "over the target’s angle, at the default scale. Crosses: results that are not finite."),
         ("gradient_ends", "stability.json", "The gradient at both ends of the angle",
          "The same error close to θ = 0 and θ = π on logarithmic axes, at the default scale. "
          "Near 0 the rows have converged as well, which costs the usual formulas their digits "
          "even where the angle would not. Crosses: results that are not finite."),
         ("nonfinite_map", "stability.json", "Results that are not finite",
          "ArcFace over the target’s angle and the scale: the share of loss and gradients that "
          "are NaN or infinite. Dots: all finite, but the embedding’s gradient is more than 10 % "
          "off. The columns are 0, steps from 10⁻⁷ to 1 rad, π/2, and the same towards π."),
         ("class_error", "stability.json", "Error over the number of classes",
          "Greatest relative error of loss, dX and dW over angles from 0 to π, at the default "
          "scale. Dotted: each loss as it is usually written; with few classes its converged rows"
          " lose everything, with many its single sums do."),
         ("ulp_histogram", "stability.json", "Errors of exp and log",
          "Errors of the elementary functions over the float32 inputs of their range, in units of"
          " the result’s last place; in brackets the greatest. Beyond the dotted lines lies "
          "nothing."),
     )),
    ("separation", "Separation of classes",
     "Small networks trained under each loss, once per seed, and measured by angles.", (
         ("toy_features_sphere", "separation.json", "Features in the plane: sphere", TOY),
         ("toy_features_", "separation.json", "Features in the plane: {rest}", TOY),
         ("gap_share", "separation.json", "Gaps over the share that an arc holds",
          "Gap between neighbouring classes in the plane, from arc to arc, where an arc holds 90 to 100 % "
          "of a class: the median over the pairs of neighbours, and the least, which the median hides; on "
          "test and on training samples. Bars: 95 % intervals over the seeds; in the grey part the axis is "
          "tighter. The last samples of a class lie anywhere, so that no gap is left between whole classes."),
         ("sensitivity", "separation.json", "The toy under other settings",
          "One setting at a time is another than the toy figure’s: how far samples scatter (its "
          "concentration is 37), how gradients are clipped (at 1), how the first class weights point, and "
          "one map of the samples for all seeds. All with 500 samples a class, to train and to test. "
          "Filled: median gap over the pairs of neighbours; hollow: the least; bars: 95 % intervals."),
         ("cosface_fig4", "separation.json", "CosFace with growing margins",
          "Test samples in the plane (above, each with its own scale) and their directions (below), "
          "of the seed that the figure names; under them the gap, mean and 95 % interval over the "
          "seeds."),
         ("sphereface_fig5", "separation.json", "SphereFace on the sphere",
          "Six identities in three dimensions, test samples; below, their angles to the own "
          "class’s weight and to the nearest other one, means over the seeds. Faint: the far side."),
         ("amsoftmax_sphere", "separation.json", "Five losses on the sphere",
          "Test samples of Fashion-MNIST (of ten identities where it is not installed) in three "
          "dimensions, of the seed that the figure names; faint: the far side; crosses: class "
          "weights. Bars: 95 % intervals over the seeds."),
         ("constancy", "separation.json", "Is the margin constant in angle?",
          "Gap between neighbouring classes on the circle for 4, 6, 8 and 10 identities: marks "
          "are trainings (mean and 95 % interval), lines what each loss’s margin demands."),
         ("target_angles", "separation.json", "Target angles during training",
          "Angles between training samples and their class’s weight in 64 dimensions, before, "
          "half way through and after training (mean over the seeds)."),
         ("table3", "separation.json", "ArcFace’s table of angles",
          "Filled: here, mean and 95 % interval over the seeds; Intra and Inter are terms that are "
          "added to NormSoftmax. Hollow: the paper’s numbers on faces, which only in their order "
          "can be compared with."),
         ("annealing", "separation.json", "Which loss needs its margin brought in gradually?",
          "100 identities in 64 dimensions, with warm-up (SphereFace: lambda, too) and with the "
          "whole margin from the first step; bars: 95 % intervals over the seeds. s = |x| is "
          "SphereFace as published: features keep their length."),
         ("study", "study.json", "Tuned against tuned: does a margin help strangers?",
          "Each loss at its own best scale and margin, chosen on validation identities over seeds of "
          "their own. Above: what it gains over NormSoftmax, tuned as well, in TAR at FAR 10⁻³ of "
          "strangers that neither training nor choice has seen; from left to right SphereFace, "
          "CosFace, ArcFace; paired within a seed, 95 % intervals. Below: the margin chosen."),
         ("sweep", "separation.json", "Against margin and scale",
          "Columns: the scale at the default margin, then the margin of each loss. Bands are 95 %"
          " intervals; hollow marks: the loss does not converge (training accuracy below 99 %)."),
         ("geometry", "separation.json", "What training does to the geometry",
          "The measures of neural collapse (NC1 to NC4), alignment and uniformity over the epochs, in "
          "64 dimensions, of samples at length 1. Bands: 95 % intervals over the seeds; dotted: what "
          "100 classes can reach at best in 64 dimensions. docs/separation.md has the formulas."),
         ("noise", "separation.json", "False labels and samples that are nobody’s",
          "Strangers and test samples, whose labels are right, against the share of false ones in "
          "training. Dotted with squares: a small margin. Bands: 95 % intervals over the seeds."),
         ("tails", "separation.json", "Long tails",
          "Strangers, and test samples by the size of their class, against how many times fewer "
          "training samples the last identity has than the first, with as many in all. Bands: 95 % "
          "intervals over the seeds."),
         ("room", "separation.json", "Is there room for the classes?",
          "Dimension and number of identities at s = 64 and the default margins. Hollow marks: "
          "margin advise says that not even a class weight is right at this margin, or that the "
          "scale is too small. Bands: 95 % intervals over the seeds."),
     )),
    ("losses", "What each loss asks for",
     "Arithmetic: the formulas as the library computes them, and what follows from them.", (
         ("target_logit", "stability.json", "Target logits",
          "What each loss makes of the logit of the right class at an angle θ between sample and "
          "class weight, divided by the scale s. Left: the range of the ArcFace paper’s figure "
          "4b; right: the whole range."),
         ("arcface_fig4b", "separation.json", "Target logits",
          "What each loss makes of the logit of the right class at an angle θ between sample and "
          "class weight, divided by the scale s."),
         ("past_pi", "stability.json", "What happens beyond π − m",
          "ArcFace’s target logit and its slope by the cosine (the factor of the gradient) under "
          "each choice of past_pi. Where the slope is negative a sample is pushed away from its "
          "class; easy has no margin for θ > 90° at all."),
         ("arcface_fig5", "separation.json", "Decision margins in angles",
          "Two classes, in the plane of the angles to their weights. Training asks for more than "
          "the dashed boundary: grey is where neither class is satisfied. Only ArcFace’s margin "
          "is the same at every angle."),
         ("cosface_fig2", "separation.json", "Decision margins where each loss decides",
          "Two classes, in the plane of the cosines to their weights, for A-Softmax of the "
          "angles. Raw softmax has no margin but an overlap, for the norms of the weights move "
          "its boundary; A-Softmax’s margin vanishes at θ = 0."),
         ("amsoftmax_psi", "separation.json", "Target logits of A-Softmax and AM-Softmax",
          "ψ over the whole range: the steps of A-Softmax, which λ smooths, and AM-Softmax, which"
          " only shifts the cosine."),
         ("bounds", "separation.json", "Bounds on scale and margin",
          "Left: the least scale with which an embedding at its class weight reaches a posterior of P (CosFace), "
          "and AdaCos’s fixed scale. Middle: the same bound as the least loss that a scale allows"
          " (NormFace). Right: the largest margin of CosFace in D dimensions."),
         ("sphere_size", "separation.json", "Is the sphere large enough?",
          "Angle from one of n random directions to its nearest neighbour, and of the closest "
          "pair of all: by theory, by the asymptotic formula, and found by drawing directions "
          "(bars: twice the standard error)."),
     )),
)
