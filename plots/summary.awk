# summary.awk: what the report's first screen needs, a line per loss, from what each driver's tables say
# of it: losses.tsv, summary_speed.tsv, summary_stability.tsv, toys.tsv; "-" where the run has no number.
# It must not know how it is shown.
BEGIN {
    FS = OFS = "\t"
    columns = split("loss case spread unstable us_per_row us_low us_high vs_normsoftmax " \
        "vs_normsoftmax_low vs_normsoftmax_high vs_gemm3 vs_gemm3_low vs_gemm3_high vs_unfused " \
        "vs_unfused_low vs_unfused_high worst_gradient at_degrees nonfinite points usual " \
        "usual_worst_gradient usual_at_degrees usual_nonfinite usual_points", column, " ")
}
FNR == 1 { toys = FILENAME ~ /toys\.tsv$/; losses = FILENAME ~ /losses\.tsv$/ }
FNR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
losses { order[++count] = $1; next }
{ there[$1] = 1 }
# Of each loss and data the first settings.
toys && !(($1, $3) in seen) {
    seen[$1, $3] = 1
    if (!known[$3]++)
        for (k = split("gap gap_low gap_high accuracy accuracy_low accuracy_high", part, " "); k > 0; k--)
            column[columns + 7 - k] = part[7 - k] " " $3
    columns += known[$3] == 1 ? 6 : 0
    for (i = 4; i <= NF; i++) value[$1, name[i] " " $3] = $i
}
!toys { for (i = 1; i <= NF; i++) value[$1, name[i]] = $i }
END {
    for (i = 1; i <= columns; i++) printf "%s%s", column[i], i < columns ? OFS : "\n"
    for (k = 1; k <= count; k++) {
        loss = order[k]
        value[loss, "loss"] = loss
        if (loss in there)
            for (i = 1; i <= columns; i++)
                printf "%s%s", (loss, column[i]) in value ? value[loss, column[i]] : "-", \
                    i < columns ? OFS : "\n"
    }
}
