/* What the sources are rewritten with for the mutation run: every check has a number, and the one
 * that tp_mutant names is switched off. Noted for each: whether it was reached, and whether it
 * would have refused.
 */
#ifndef TAPAT_TESTS_MUTATION_SITES_H
#define TAPAT_TESTS_MUTATION_SITES_H

#include <stdbool.h>
#include <stddef.h>

/* A condition that refuses if it is true; one that refuses if it is false; a call's verdict (0:
 * good); a refusal that nothing governs: is it to be made? */
bool tp_site_if(int site, bool condition);
bool tp_site_and(int site, bool condition);
int tp_site_call(int site, int err);
bool tp_site_last(int site);

/* Equation e of a batch, which is left out if `mine` and the site is off; gives e. */
size_t tp_site_equation(int site, size_t e, bool mine);
void tp_site_keep(size_t e);
bool tp_site_left_out(size_t e);

#endif
