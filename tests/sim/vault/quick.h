/*
 * What a timeline does over and over, done once: the linker puts these in
 * front of json_parse, which gets the same few manifests again and again, and
 * of file_write_durably, since nobody here pulls a plug. Their contracts are
 * those of what they stand for; with `real`, that does the work.
 */
#ifndef TESTS_SIM_VAULT_QUICK_H
#define TESTS_SIM_VAULT_QUICK_H

#include <stdbool.h>

void sim_quick_use_real(bool real);
void sim_quick_done(void); /* frees what was kept */

#endif
