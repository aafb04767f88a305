/*
 * The person at the terminal, whom a plugin of age may ask for a PIN or tell to
 * touch a key.
 */
#ifndef CONFIG_PERSON_H
#define CONFIG_PERSON_H

#include "storage/crypto/age_plugin.h"

/* As struct age_plugin_person has it. What is only to be shown goes to standard
 * error, also without a terminal; questions need one, and a signal ends them.
 * ctx is not used. */
int person_ask(
    void *ctx, enum age_plugin_ask what, const char *text, struct buf *answer);

#endif
