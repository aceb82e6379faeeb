# summary.jq: what the report's first screen needs, from all three drivers' files at once: a line
# per loss. Like tidy.jq it knows the JSON's fields and not how they are shown.
#
# use: jq -L plots -nr ... 'include "summary"; summary($speed; $stability; $separation)'

include "tidy";
include "separation";

def or_dash: if . == null then "-" else . end;

# The case that stands for a loss's speed: the whole head on one thread and the best instruction
# set, on the shape closest (see closeness) to a mini-batch of 128 with 10,000 classes and 512
# dimensions.
def speed_case($all; $isas; $loss):
    [$all[] | select(.what == "head" and .isa != null and (.threads // "1") == "1")] as $heads
    | ($heads | with_most_losses | min_by(closeness)) as $shape
    | [$heads[] | select(shape == $shape and .loss == $loss)] as $mine
    | ($mine | best_isa($isas)) as $isa
    | [$mine[] | select(.isa == $isa)][0];

# {name: value, name_low: ..., name_high: ...} of a field of the median's row; null where the driver
# had nothing to compare with.
def with_interval($row; $field; $name):
    {($name): $row[$field], ($name + "_low"): $row[$field + "_low"],
     ($name + "_high"): $row[$field + "_high"]};

def speed_columns($case):
    ($case.row // {}) as $row
    | {case: $case.name, spread: $row.spread, unstable: $row.unstable}
    + (if $case == null then {us_per_row: null, us_low: null, us_high: null}
       else ($case | (unit_of * 1e6 / .N)) as $unit
        | {us_per_row: ($case | per_row.median * 1e6),
           us_low: ($row.time_low | if . then . * $unit else null end),
           us_high: ($row.time_high | if . then . * $unit else null end)} end)
    + with_interval($row; "ratio_normsoftmax"; "vs_normsoftmax")
    + with_interval($row; "ratio_gemm3"; "vs_gemm3")
    + with_interval($row; "ratio_unfused"; "vs_unfused");

# The largest error of a gradient in a sweep over theta and where it is attained, and how many of
# the sweep's points have a result that is not finite.
def sweep_columns($sweep; $prefix):
    ($sweep // [] | map(select(.lost | not)) | max_by([.grad_x, .grad_w] | max)) as $worst
    | {($prefix + "worst_gradient"): ($worst | if . then [.grad_x, .grad_w] | max else null end),
       ($prefix + "at_degrees"): ($worst | if . then .theta | degrees else null end),
       ($prefix + "nonfinite"): ($sweep | if . then map(select(.lost)) | length else null end),
       ($prefix + "points"): ($sweep | if . then length else null end)};

# This library's sweep, and that of the usual way to write the loss: through acos where the margin
# is on the angle, else plainly.
def stability_columns($sweeps; $loss):
    ([$sweeps[] | select(.[0].loss == $loss) | {(.[0].impl): .}] | add // {}) as $by
    | (if $by.acos then "acos" elif $by.plain then "plain" else null end) as $usual
    | sweep_columns($by.margin; "") + {usual: $usual}
    + sweep_columns(if $usual then $by[$usual] else null end; "usual_");

# The toy's groups on some data, those of a person's own included.
def toy_groups($data; $shown): .groups // [] | .[]
    | select(.data == $data and .dim == 2 and .label == $shown
             and (.figures == [] or in_figure("fig3") or in_figure("fashion")));

# Mean over the seeds and its interval for each data set of the toy.
def separation_columns($separation; $loss):
    [$separation // {runs: []} | data_names as $data
     | ([toys[] | select(.data == $data and .loss == $loss).label][0]) as $shown
     | ([toy_groups($data; $shown).values][0] // {}) as $values
     | ("gap", "accuracy") as $name | ($values[$name] // []) as $v
     | {"\($name) \($data)": $v[0], "\($name)_low \($data)": $v[1],
        "\($name)_high \($data)": $v[2]}] | add // {};

# ---- tables of one file --------------------------------------------------------------------------

# What is promised (goals are not), by loss, over all instruction sets: results judged, those
# outside the bound, and the largest share of it.
def promises: "promise\tbound\tloss\tjudged\toutside\tshare",
    (.verdicts // [] | rows_of | map(select(.promise | endswith("_goal") | not))
     | group_by(.promise, (.loss | rank))[]
     | [.[0].promise, .[0].bound, .[0].loss, (map(.judged) | add), (map(.outside) | add),
        (map(.share) | max)] | @tsv);

# The toy's groups: mean over the seeds and interval of what is measured in the plane.
def toys_table: . as $run | ["gap", "intra", "inter", "w_ec", "accuracy"] as $names
    | (["loss", "settings", "data"] + [$names[] | ., . + "_low", . + "_high"] | @tsv),
      (data_names as $data
       | [toys[] | select(.data == $data)] | unique_by(.label) | sort_by(.loss | rank)[]
       | .label as $shown | $run | toy_groups($data; $shown)
       | [.loss, settings, .data]
         + [.values as $v | $names[] | $v[.] // [null, null, null] | .[0, 1, 2] | or_dash]
       | @tsv);

# ---- all files together --------------------------------------------------------------------------

# A line per loss under a line of column names; "-" where the run has no such number.
def summary($speed; $stability; $separation):
    (if $speed then [$speed | cases[] | numbers] else [] end) as $cases
    | ($speed // {} | isas) as $isas
    | (if $stability then $stability | theta_sweeps else [] end) as $sweeps
    | [([[$cases[] | select(.isa != null).loss], [$sweeps[][0].loss],
         [($separation // {runs: []} | toys)[].loss]] | add | unique | sort_by(rank))[] as $loss
       | {loss: $loss} + speed_columns(speed_case($cases; $isas; $loss))
         + stability_columns($sweeps; $loss) + separation_columns($separation; $loss)]
    | (.[0] // {} | keys_unsorted) as $columns
    | ($columns | @tsv), (.[] as $row | [$columns[] | $row[.] | or_dash] | @tsv);
