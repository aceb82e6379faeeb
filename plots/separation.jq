# separation.jq: the tables of separation.json; see tidy.jq.
#
# use: jq -L plots -r 'include "separation"; claims' RUN/separation.json

include "tidy";

def unit: (.x * .x + .y * .y | sqrt) as $r | if $r > 0 then {x: (.x / $r), y: (.y / $r)}
                                             else {x: 0, y: 0} end;
# Some radius in a thin band, spread evenly (golden section), so that dots do not hide each other.
def on_ring($i): unit | (1 - 0.16 * (($i * 0.6180339887) | . - floor)) as $r
    | {x: (.x * $r), y: (.y * $r)};
def in_figure($name): .figures // [] | index($name) != null;
# The runs of the toy figures, or of a person's own: in the plane, and of each loss the settings
# whose features were kept.
def toys: [.runs[] | select((.dim // 2) == 2)
        | select((.figures // []) == [] or in_figure("fig3") or in_figure("fashion"))
        | . + {label: (.label // .loss)}]
    | (map(select((.features | rows_of) | length > 0) | {(.data + " " + .label): true}) | add // {}) as $shown
    | map(select($shown[.data + " " + .label]));
def with_features($data): [toys[] | select(.data == $data and ((.features | rows_of) | length) > 0)]
    | group_by(.loss) | map(min_by(.seed)) | sort_by(.loss | rank);
def data_names: reduce (toys[] | select(((.features | rows_of) | length) > 0) | .data) as $data
    ([]; if index($data) then . else . + [$data] end) | .[];
# The radius that the plane's panel has to show: all but the outermost hundredth of the samples.
def extent: [(.features | rows_of)[] | .x * .x + .y * .y | sqrt] | sort | .[(length - 1) * 0.99 | floor];

# Samples: x, y, class; one block per loss. Raw coordinates for softmax, else near the unit circle.
def features($data): with_features($data)[]
    | .loss as $loss
    | block("\"\($loss)\" \($loss)";
        ((.features | rows_of) | to_entries[] | .value.class as $class
         | (if $loss == "softmax" then .value else .key as $i | .value | on_ring($i) end)
         | [.x, .y, $class] | @tsv));

# Class centres: direction x, y of unit length, class; blocks as in `features`.
def centres($data): with_features($data)[]
    | block("\"\(.loss)\" \(.loss)";
        (.centres | to_entries[] | .key as $class
         | ({x: .value[0], y: .value[1]} | unit) | [.x, .y, $class] | @tsv));

# One line per panel: loss, what the panel is drawn in, its radius, scale, m1, m2, m3, test
# accuracy, and over all seeds: median gap, least gap, greatest gap, mean angle within a class.
def panels($data): . as $all | with_features($data)[]
    | . as $run
    | [$all | toys[] | select(.data == $data and .label == $run.label)] as $seeds
    | [$run.loss, if $run.loss == "softmax" then "plane" else "circle" end,
       if $run.loss == "softmax" then ($run | extent) else 1 end, $run.scale, $run.m1, $run.m2,
       $run.m3, $run.test_accuracy, ($seeds | map(.stats.gap_median_deg) | median, min, max),
       ($seeds | map(.stats.intra_deg) | median)]
    | @tsv;

# ---- separation.json: figures without training ----------------------------------------------------

def or_nan: map(if . == null then "NaN" else . end);
# The names by which plots/draw.sh knows these figures.
def computed: .figures // {} | to_entries[] | select(.value.curves) | .key | gsub("-"; "_");
def computed_figure($name): .figures | to_entries[] | select((.key | gsub("-"; "_")) == $name) | .value;

# x, y; one block per curve, headed by its label and its loss.
def curves($name): computed_figure($name).curves[]
    | block("\"\(.label)\" \(.loss)"; .points[] | or_nan | @tsv);

# x, y and a second y, which differs from the first where a bound is known as a bracket only; one
# block per curve, headed by its label and its panel (scale, loss or margin).
def bounds: computed_figure("bounds").curves
    | [group_by([.panel, .label])[] | sort_by(.side != "low")] as $all
    | map([.panel, .label]) | reduce .[] as $key ([]; if index([$key]) then . else . + [$key] end)
    | .[] as $key | $all[] | select([.[0].panel, .[0].label] == $key)
    | . as $curve
    | block("\"\(.[0].label)\" \(.[0].panel)";
        .[0].points | to_entries[] | [.value[0], .value[1], $curve[-1].points[.key][1]]
        | or_nan | @tsv);

# Number of identities, angle in degrees, twice its standard error; one block per dimension and kind:
# the curves of the theory, then what drawing directions gave.
def sphere_size: computed_figure("sphere_size") as $f
    | ($f.curves[] | block("\(.kind) \(.dim)"; .points[] | . + [0] | @tsv)),
      ($f.drawn | group_by(.dim)[]
       | block("drawn_nearest \(.[0].dim)";
            .[] | [.n, .nearest_deg, 2 * (.nearest_error_deg // 0)] | @tsv),
         block("drawn_closest \(.[0].dim)";
            .[] | select(.closest_deg) | [.n, .closest_deg, 2 * (.closest_error_deg // 0)] | @tsv));
# Figures of trainings beside these: names as draw.sh has them, those that the run has.
def trained: {"fig4a": "target_angles", "constancy": "constancy", "annealing": "annealing",
        "cosface-fig4": "cosface_fig4", "sphereface-fig5": "sphereface_fig5",
        "amsoftmax-sphere": "amsoftmax_sphere", "table3": "table3", "sweep": "sweep"} as $names
    | [.groups // [] | .[] | .figures[]] | unique[] | $names[.] // empty;
def groups_of($figure): [.groups[] | select(in_figure($figure))];
# "arcface m=0.5 s=64" -> "m = 0.5, s = 64"; the loss's name stands elsewhere.
def settings: .label | sub("^[a-z]+ *"; "") | gsub("="; " = ") | gsub(" (?=s = |lambda = )"; ", ") | sub("lambda"; "λ")
    | if . == "" then "-" else . end;
def three: [.[0], .[1] // .[0], .[2] // .[0]];
# The mean of a quantity and its interval; NaN where the group does not have it.
def value($name): .values[$name] // ["NaN", "NaN", "NaN"] | three;

# Target angles of the training samples, a block per loss: the middle of a bin in degrees, share of
# the samples in it (per cent), before, half way through and after training; the mean over the seeds.
def target_angles: [.runs[] | select(in_figure("fig4a"))] | group_by(.label)
    | sort_by(.[0].loss | rank)[]
    | . as $runs
    | block("\"\(.[0] | settings)\" \(.[0].loss)";
        range(180) as $bin
        | [$bin + 0.5, (range(3) as $moment
            | [$runs[] | .snapshots[$moment].bins | 100 * .[$bin] / add] | mean)] | @tsv);

# Gap of the training samples against the angle between neighbours, a block per loss: degrees, then
# mean and interval.
def constancy: groups_of("constancy") | group_by(.loss) | sort_by(.[0].loss | rank)[]
    | block("\"\(.[0] | settings | sub(",.*"; ""))\" \(.[0].loss)";
        sort_by(.classes)[] | [360 / .classes] + value("train_gap") | @tsv);
# The same without a network: degrees, degrees.
def constancy_free: .figures.constancy.free_features // [] | group_by(.loss) | sort_by(.[0].loss | rank)[]
    | block("\"\(.[0].margin)\" \(.[0].loss)"; sort_by(.classes)[] | [360 / .classes, .gap_deg] | @tsv);

# With and without help, a block for each dimension: label, loss, 1 where at once, then mean and
# interval of the training accuracy, of Inter, and of TAR at FAR 1e-3.
def annealing: groups_of("annealing") | group_by(.dim)[]
    | block("\"\(.[0].dim)\" -"; sort_by([(.loss | rank), (.label | sub(" at once"; "")), (.label | test("at once"))])[]
        | [(settings | sub(" at once"; "")), .loss, (if .label | test("at once") then 1 else 0 end)]
          + value("train_accuracy") + value("train_inter") + value("tar_1e3") | @tsv);

def pictured($figure): [.runs[] | select(in_figure($figure) and ((.features | rows_of) | length) > 0)]
    | group_by(.label) | map(min_by(.seed));
# Order of the panels of CosFace's figure: softmax, then by margin.
def cosface_panels: pictured("cosface-fig4") | sort_by(.m3, .loss != "softmax");
# Samples, a block per panel: raw x, y, and on the ring x, y, then class.
def cosface_fig4: cosface_panels[]
    | block("\"\(.loss) \(.m3)\" \(.loss)";
        (.features | rows_of) | to_entries[] | .key as $i | .value as $f
        | ($f | on_ring($i)) as $ring | [$f.x, $f.y, $ring.x, $ring.y, $f.class] | @tsv);
def cosface_fig4_centres: cosface_panels[]
    | block("\"\(.loss) \(.m3)\" \(.loss)"; .centres | to_entries[]
        | .key as $class | ({x: .value[0], y: .value[1]} | unit) | [.x, .y, $class] | @tsv);
# One line per panel: loss, m, the radius to show, then mean and interval of the median gap.
def cosface_fig4_panels: . as $all | cosface_panels[] | . as $run
    | ($all | groups_of("cosface-fig4")[] | select(.label == $run.label)) as $group
    | [$run.loss, $run.m3, ($run | extent)] + ($group | value("gap")) | @tsv;

def unit3: (.x * .x + .y * .y + .z * .z | sqrt) as $r
    | if $r > 0 then [.x / $r, .y / $r, .z / $r] else [0, 0, 0] end;
def ball_order: [(.loss | rank), .m1, .m3];
# Features at length 1, a block per panel: x, y, z, class.
def ball($figure): pictured($figure) | sort_by(ball_order)[]
    | block("\"\(settings)\" \(.loss)"; (.features | rows_of)[] | unit3 + [.class] | @tsv);
# Class weights likewise.
def ball_centres($figure): pictured($figure) | sort_by(ball_order)[]
    | block("\"\(settings)\" \(.loss)"; .centres | to_entries[]
        | .key as $class | ({x: .value[0], y: .value[1], z: .value[2]} | unit3) + [$class] | @tsv);
# Angles of test samples, a block per panel: degrees, share per cent to the own weight, to the
# nearest other; the mean over the seeds.
def ball_angles($figure): [.runs[] | select(in_figure($figure))] | group_by(.label)
    | sort_by(.[0] | ball_order)[]
    | . as $runs
    | block("\"\(.[0] | settings)\" \(.[0].loss)"; range(180) as $bin
        | [$bin + 0.5, (("theta_bins", "other_bins") as $key
            | [$runs[][$key] | 100 * .[$bin] / add] | mean)] | @tsv);
# One line per panel: loss, settings, then mean and interval of the test accuracy, Intra and Inter.
def ball_panels($figure): . as $all | pictured($figure) | sort_by(ball_order)[] | . as $run
    | ($all | groups_of($figure)[] | select(.label == $run.label)) as $group
    | [$run.loss, ($run | settings | gsub(" "; "_") | if . == "" then "-" else . end)]
      + ($group | value("accuracy") + value("intra") + value("inter")) | @tsv;

# ArcFace's table 3: row, column, the paper's number, then ours with its interval, degrees.
def table3_paper: {
    "normsoftmax": [44.26, 69.66, 50.50, 59.23, 33.97, 65.60],
    "arcface": [14.29, 71.61, 38.45, 65.83, 28.05, 66.55],
    "intra": [8.83, 31.34, 17.50, 24.07, 12.94, 26.28],
    "inter": [46.85, 75.66, 52.74, 62.40, 35.38, 67.90],
    "triplet": ["NaN", "NaN", 41.19, 50.23, 27.42, 55.94]};
def table3_column: if .label | test("intra") then "intra" elif .label | test("inter") then "inter"
                   else .loss end;
def table3: (groups_of("table3") | map({(table3_column): .}) | add) as $ours
    | ["train_w_ec", "train_w_inter", "train_intra", "train_inter", "unseen_intra", "unseen_inter"]
    | to_entries[] | . as $row
    | block("\"\(.value)\" -"; ("normsoftmax", "arcface", "intra", "inter", "triplet")
        | . as $column | select($ours[$column])
        | [$column, table3_paper[$column][$row.key]] + ($ours[$column] | value($row.value)) | @tsv);

# Against margin (at the default scale) and scale (at the default margin), a block for each dimension,
# axis and loss: the value, then mean and interval of the gap of training samples (dim 2) or TAR at FAR 1e-3, Intra, Inter, and
# training accuracy.
def sweep_lines($axis): group_by([.dim, .loss])[]
    | block("\"\(.[0].dim) \($axis)\" \(.[0].loss)"; sort_by(.[$axis])[]
        | [.[$axis]] + value(if .dim == 2 then "train_gap" else "tar_1e3" end) + value("intra")
          + value("inter") + value("train_accuracy") + value("accuracy") | @tsv);
def sweep: groups_of("sweep")
    | (map(select(.loss != "normsoftmax" and .scale == 64)) | sweep_lines("margin")),
      (group_by([.dim, .loss]) | map((map(select(.scale != 64)) | .[0].margin) as $margin
          | map(select(.margin == $margin))) | add | sweep_lines("scale"));

# The papers' claims, a line each under a line of names: mean and 95 % interval over the seeds.
def claims: "claim\twhere\tmeasured\tunit\tpaper\tmean\tlow\thigh\tseeds\tverdict",
    (.claims // [] | .[] | [.claim, .where, .measured, .unit, .paper // "-", .mean, .low // "-",
        .high // "-", (.values | length), .verdict] | @tsv);
