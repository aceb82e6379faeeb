/* draw.h: have figures drawn from a run's folder. Must not know what a figure shows. */
#ifndef SEPARATION_DRAW_H
#define SEPARATION_DRAW_H

/* Runs plots/draw.sh of the source tree (or of the folder in MARGIN_PLOTS) on `folder`; `names` are
 * its figures, divided by spaces. Ends the program if it fails. */
void draw_figures(const char *folder, const char *names);

#endif
