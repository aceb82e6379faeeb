# tidy.jq: from the drivers' JSON to tab-separated tables: speed and stability here, separation.jq
# and summary.jq beside it. They alone of the plots know the JSON's fields; they must not know how a
# figure looks.
#
# A table of several series holds one block per series, divided by two blank lines, each headed by
# `# "label" loss`: gnuplot's `index` counts these blocks.
#
# use: jq -L plots -r 'include "tidy"; speed' RUN/speed.json

def median: sort | if length % 2 == 1 then .[length / 2 | floor]
                   else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def mean: add / length;
def rows_of: if type == "object" then .columns as $c | .rows | map([$c, .] | transpose | map({(.[0]): .[1]}) | add) else . end;
def mad: median as $m | map((. - $m) | fabs) | median;
def order: ["softmax", "normsoftmax", "sphereface", "cosface", "arcface", "combined"];
# Losses in the papers' order, unknown (new) ones behind.
def rank: . as $loss | (order | index($loss)) // (order | length);
def block(head; lines): "\n\n# \(head)", lines;
# The library's instruction sets, the better ones behind, and the best one among rows.
def isas: .context.isas_built // ["scalar", "avx2", "avx512", "neon"];
def best_isa($isas): map(.isa) as $have | [$isas[] | select(. as $isa | $have | index($isa))] | last;

# ---- speed.json (Google Benchmark) -------------------------------------------------------------

# "head/loss:arcface/isa:avx2/N:512" -> {what: "head", loss: "arcface", isa: "avx2", N: "512"}
def case_of: split("/") | {what: .[0]}
    + (.[1:] | map(split(":") | select(length == 2) | {(.[0]): .[1]}) | add // {});
def seconds_per_unit: {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[.];

# One object per case: its columns, the seconds of each repetition, and the row that stands for it, the
# median's or the only one, with what the driver has worked out.
def cases: [.benchmarks[] | select((.error_occurred // false) | not)]
    | group_by(.run_name // .name)
    | map(select(any(.run_type // "iteration" == "iteration"))
        | (.[0].run_name // .[0].name | {name: .} + case_of)
        + {seconds: [.[] | select((.run_type // "iteration") == "iteration")
                         | .real_time * (.time_unit | seconds_per_unit)],
           row: (map(select(.aggregate_name == "median")) + . | first)});

def per_row: . as $case | (.N | tonumber) as $n
    | {median: ($case.seconds | median / $n), low: ($case.seconds | min / $n),
       high: ($case.seconds | max / $n),
       spread: ($case.seconds | if median > 0 then mad / median else 0 end)};

# what, loss, impl, isa, N, D, C, threads, then microseconds per row: median, least, greatest;
# then the relative median absolute deviation, the number of repetitions, and whether they are
# unstable.
def speed: "# what\tloss\timpl\tisa\tN\tD\tC\tthreads\tmedian_us\tlow_us\thigh_us\tspread\trepetitions\tunstable",
    (cases | sort_by(.what, (.loss // "" | rank), (.N | tonumber), ((.D // "0") | tonumber),
                     ((.C // "0") | tonumber), (.isa // ""))[]
    | per_row as $time
    | [.what, .loss // "-", .impl // "margin", .isa // "-", .N, .D // "0", .C // "0",
       .threads // "1", $time.median * 1e6, $time.low * 1e6, $time.high * 1e6, $time.spread,
       (.seconds | length), .row.unstable == true]
    | @tsv);

def shape: {N, D, C};
def closeness: [.N / 128, .D / 512, .C / 10000] | map(log | fabs) | add;
# The shapes of these cases that have the most losses.
def with_most_losses: group_by(shape)
    | map({shape: (.[0] | shape), losses: (map(.loss) | unique | length)})
    | (map(.losses) | max) as $most | map(select(.losses == $most).shape);
# At most `most` of the list, evenly chosen, with its last.
def thinned(most): if length <= most then .
    else . as $all | [range(most) | $all[((. + 1) * ($all | length) / most | floor) - 1]] end;
def numbers: . + {N: (.N | tonumber), D: ((.D // "0") | tonumber), C: ((.C // "0") | tonumber)};

# What the speed figure shows: single-thread cases of up to four shapes, those with the most losses, a
# column of panels each.
# One block per WHAT, ISA (or peer) and shape, headed by "what name column kind" NxDxC with kind isa
# or peer; in it loss, then microseconds per row: median, least, greatest; 1 if unstable.
def speed_figure:
    [cases[] | numbers | select((.threads // "1") == "1")] as $cases
    | ([$cases[] | select(.what == "head" and .isa != null)] | with_most_losses
        | sort_by(.N * .D * .C) | thinned(4)) as $shapes
    | [$cases[] | . as $case
        | ([range($shapes | length) | select($shapes[.] as $s
             | $case.N == $s.N and $case.C == $s.C
               and ($case.D == $s.D or $case.what == "rows"))][0]) as $column
        | select($column != null)
        | $case + per_row + {column: $column, by: (.isa // .impl), shape: ($case | shape)}]
    | group_by([.what, .by, .column])[]
    | block("\"\(.[0].what) \(.[0].by) \(.[0].column + 1) "
            + (if .[0].isa then "isa" else "peer" end) + "\" "
            + "\($shapes[.[0].column] | "\(.N)x\(.D)x\(.C)")";
        sort_by(.loss // "" | rank)[]
        | [.loss // "-", .median * 1e6, .low * 1e6, .high * 1e6,
           (if .row.unstable == true then 1 else 0 end)] | @tsv);

# ---- the other figures of speed: they compare shapes -------------------------------------------
# Blocks headed `"series" kind` with kind isa, peer, blas or floor (the three matrix products, each by
# the library that is best at it); a value is followed by the ends of its interval.

def threads: (.threads // "1" | tonumber);
def interval($key): [.row[$key], (.row[$key + "_low"] // .row[$key]), (.row[$key + "_high"] // .row[$key])];
def unit_of: .row.time_unit | seconds_per_unit;
def time_interval: [.row.real_time, (.row.time_low // .row.real_time), (.row.time_high // .row.real_time)];
def flops: 6 * .N * .D * .C;
def thousands: tostring | [while(length > 0; .[:-3]) | .[-3:]] | reverse | join(",");
def shape_text: "\(.N) × \(.D) × \(.C | thousands)";
# Heads that stand for their instruction set or for somebody else, and the BLAS libraries.
def series: if .what == "gemm3" then {series: .impl, kind: "blas"}
    elif .impl != null then {series: .impl, kind: "peer"} else {series: .isa, kind: "isa"} end;
# The scalar kernels are left out where there are better ones: fig_speed has them.
def compared: [cases[] | numbers | select(.what == "gemm3" or (.what == "head" and .loss == "arcface"))
    | . + series + {threads: threads}]
    | any(.kind == "isa" and .series != "scalar") as $better
    | map(select(($better and .series == "scalar") | not)) | sort_by(.N * .D * .C);
def floors: [.context.gemm3_floor // {} | to_entries[]
    | ("x/" + .key | case_of | numbers)
      + {seconds: (.value | .logits_seconds + .dx_seconds + .dw_seconds), series: "floor", kind: "floor"}
    | . + {threads: threads}] | sort_by(.N * .D * .C);
def series_rank: .series as $series | {isa: 0, peer: 1, blas: 2, floor: 3}[.kind] * 10
    + ((["avx512", "avx2", "neon", "scalar"] | index($series)) // 9);
def in_blocks(line): group_by([.series, .kind]) | sort_by(.[0] | series_rank)[]
    | block("\"\(.[0].series)\" \(.[0].kind)"; .[] | line | @tsv);

# GFLOP/s per thread on the lines over N, D and C through the principal shape: panel (1 N, 2 D, 3 C),
# threads, N or D or C, then the rate and its interval; last a block of the peaks: threads, rate.
def speed_sizes: . as $run | compared as $all
    | ([$all[] | select(.kind == "isa") | shape] | unique | min_by(closeness)) as $middle
    | (if $middle then . else empty end)
    | [($all[] | select(.kind == "isa" or .kind == "peer")
        | . + {rates: (unit_of as $u | flops as $f | time_interval | [.[0, 2, 1]] | map($f / (. * $u)))}),
       (floors[] | . + {rates: [flops / .seconds | ., ., .]})]
    | map(. as $case | ["N", "D", "C"] | to_entries[]
        | .value as $axis | select($case | shape | del(.[$axis]) == ($middle | del(.[$axis])))
        | $case + {panel: (.key + 1), at: $case[$axis]})
    | group_by([.panel, .threads, .series]) | map(select(length > 1)) | add // []
    | select(length > 0) | sort_by([.panel, .threads, .at])
    | in_blocks([.panel, .threads, .at] + (.threads as $t | .rates | map(. / $t * 1e-9))),
      ([$run.context.fma_peaks // {} | .[] | to_entries[]] | group_by(.key)
       | block("\"peak\" peak"; .[] | (.[0].key | tonumber) as $t
               | [$t, (map(.value) | max) / $t] | @tsv));

# Figures with a row per shape: the shape, N D C (the rows' order), threads, a value and its interval.
def shape_row($values): [shape_text, .N * .D * .C, .threads] + $values;

# Times over the floor.
def speed_peers: compared | map(select(.row.ratio_gemm3 != null)) | select(length > 0)
    | in_blocks(shape_row(interval("ratio_gemm3")));

# How many times as fast as one thread.
def speed_threads: compared as $all | floors as $floors
    | [($all[] | select(.kind != "blas" and .threads > 1 and .row.ratio_one_thread != null)
        | . + {gain: (interval("ratio_one_thread") | [.[0, 2, 1]] | map(1 / .))}),
       ($floors[] | select(.threads > 1) | . as $many
        | $floors[] | select(shape == ($many | shape) and .threads == 1)
        | (.seconds / $many.seconds) as $gain | $many + {gain: [$gain, $gain, $gain]})]
    | select(length > 0)
    | in_blocks(shape_row(.gain));

# Megabytes that a call takes beyond inputs and outputs, on one thread; `stored` is one N x C array.
def speed_memory: compared | map(select(.threads == 1 and .row.peak_memory_bytes != null))
    | select(length > 0)
    | . + (map(select(.kind == "isa")) | unique_by(shape) | sort_by(.N * .D * .C)
           | map(. + {series: "stored", kind: "floor", row: {peak_memory_bytes: (4 * .N * .C)}}))
    | in_blocks(shape_row(.row.peak_memory_bytes / 1e6 | [., ., .]));

# Flops per byte (every input and output once) against GFLOP/s, all threads of the run at once; first
# the roofs: peak rate, read bandwidth, their threads.
def speed_roofline: . as $run | (compared | map(select(.row.bytes != null))) as $all
    | ($all | map(.threads) | max) as $most | select($most != null)
    | block("\"roof\" roof";
        ([$run.context.fma_peaks[][$most | tostring] // empty] | max) as $peak
        | ([$run.context.bandwidths[][$most | tostring].read // empty] | max) as $read
        | [$peak, $read, $most] | @tsv),
      ($all | map(select(.threads == $most and .kind != "blas"))
       | in_blocks([flops / .row.bytes, .row.gflops, shape_text]));

# Per cent more than normsoftmax on the best instruction set, a block per loss; shapes with all of a
# run's losses.
def margin_cost: isas as $isas | [cases[] | numbers | . + {threads: threads}
        | select(.what == "head" and .isa != null and .row.ratio_normsoftmax != null)]
    | best_isa($isas) as $isa | map(select(.isa == $isa))
    | group_by([shape, .threads]) | (map(length) | max // 0) as $most
    | map(select(length == $most and $most > 2)) | add // [] | select(length > 0)
    | sort_by(.N * .D * .C) | group_by(.loss) | sort_by(.[0].loss | rank)[]
    | block("\"\(.[0].loss)\" loss"; .[]
        | shape_row(interval("ratio_normsoftmax") | map(100 * (. - 1))) | @tsv);

# ---- stability.json ----------------------------------------------------------------------------

def degrees: . * 180 / 3.141592653589793;

# theta in degrees, psi, slope; one block per curve of a figure.
def curves_of($figure): [(.curves | rows_of)[] | select((.figure // "target_logit") == $figure)]
    | [foreach .[] as $point ({last: null, id: 0};
          if $point.label == .last then . else {last: $point.label, id: (.id + 1)} end;
          $point + {id: .id})]
    | group_by(.id)[]
    | block("\"\(.[0].label | sub("lambda"; "λ"))\" \(.[0].loss)"; .[] | [.theta_deg, .psi, .slope] | @tsv);
def target_logit: curves_of("target_logit");
def past_pi: curves_of("past_pi");

# The theta sweep of each loss with its default options, one list per loss and implementation: this
# library ("margin", on its best instruction set) and the formulations that it is compared with.
def theta_sweeps: isas as $isas
    | [(.rows | rows_of)[] | select(.sweep == "theta" and .gradient == "exact" and .default)] as $rows
    | ([$rows[] | select(.impl == "margin")] | best_isa($isas)) as $isa
    | [$rows[] | select(.impl != "margin" or .isa == $isa) | . + {lost: (.nonfinite > 0)}]
    | group_by([.loss, .impl]) | map(sort_by(.theta))
    | sort_by([(.[0].loss | rank), .[0].impl != "margin"]);

# theta in degrees, relative error of dX, of dW, 1 where the result is not finite. One block per
# loss and implementation, labelled "loss implementation".
def gradient_error: theta_sweeps[]
    | select(.[0].impl | IN("clamp-4", "detached", "floor") | not)
    | block("\"\(.[0].loss) \(.[0].impl)\" \(.[0].loss)";
        .[] | [(.theta | degrees), (if .lost then "NaN" else .grad_x end),
               (if .lost then "NaN" else .grad_w end), (if .lost then 1 else 0 end)] | @tsv);

# The same close to both ends: the angle's distance from 0 or pi, relative error of dX, 1 where the
# result is not finite. One block per angular loss, implementation and end, labelled "loss impl end".
def near($side): if $side == "0" then .theta else 3.141592653589793 - .theta end;
def gradient_ends: theta_sweeps[]
    | select(any(.[]; .option != "none") and (.[0].impl | IN("detached", "floor", "naive") | not))
    | . as $sweep | ("0", "pi") as $side
    | [$sweep[] | . + {near: near($side)} | select(.near > 0 and .near < 0.11)]
    | select(length > 0) | sort_by(.near)
    | block("\"\(.[0].loss) \(.[0].impl) \($side)\" \(.[0].loss)";
        .[] | [.near, (if .lost then "NaN" else .grad_x end), (if .lost then 1 else 0 end)] | @tsv);

# Theta and s together: number of the angle, angle in radians, log10 s, share of the results that are
# not finite, 1 where all are finite but dX is more than 10 % off. One block per implementation.
def nonfinite_map: isas as $isas
    | (["margin"] + (.formulas // {} | keys_unsorted)) as $order
    | [(.rows | rows_of)[] | select(.sweep == "map")] as $rows
    | ([$rows[] | select(.impl == "margin")] | best_isa($isas)) as $isa
    | [$rows[] | select(.theta != null and (.impl != "margin" or .isa == $isa))]
    | group_by(.impl) | sort_by(.[0].impl as $impl | $order | index($impl))[]
    | (map(.theta * 1e9 | round) | unique) as $angles
    | block("\"\(.[0].impl)\" \(.[0].loss)"; sort_by(.theta, .scale)[]
        | .theta as $theta
        | [($angles | bsearch($theta * 1e9 | round)), $theta, (.scale | log10), .nonfinite,
           (if .nonfinite == 0 and .grad_x > 0.1 then 1 else 0 end)] | @tsv);

# Classes, relative errors of the loss, of dX and of dW; one block per loss and implementation.
def class_error: isas as $isas
    | [(.rows | rows_of)[] | select(.sweep == "classes" and .default)] as $rows
    | ([$rows[] | select(.impl == "margin")] | best_isa($isas)) as $isa
    | [$rows[] | select(.classes != null and (.isa == $isa or (.impl | IN("plain", "acos"))))]
    | group_by([.loss, .impl]) | map(sort_by(.classes))
    | sort_by([(.[0].loss | rank), .[0].impl != "margin"])[]
    | block("\"\(.[0].loss) \(.[0].impl)\" \(.[0].loss)";
        .[] | [.classes] + (if .nonfinite > 0 then ["NaN", "NaN", "NaN"]
                            else [.loss_rel, .grad_x, .grad_w] end) | @tsv);

# Middle of a bin of signed errors in ulp, share of the inputs in it; one block per function and
# instruction set, labelled "function isa (largest error)"; log and log1p are the same on all.
def ulp_histogram: (.functions // [])[] | . as $f
    | block("\"\(.function)\(if .isa == "none" then "" else " " + .isa end) (\(.worst_ulp * 1e4 | round / 1e4) ulp)\" \(.isa)";
        range(.bins | length)
        | [$f.bin_first + (. + 0.5) * $f.bin_width, $f.bins[.] / $f.cases] | @tsv);
