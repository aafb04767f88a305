/*
 * A text as it has to stand in the configuration to be read back as it is:
 * "${", which begins the name of a variable there, is written "$${".
 */
#ifndef CONFIG_SCHEMA_PLAIN_TEXT_H
#define CONFIG_SCHEMA_PLAIN_TEXT_H

#include "storage/base/buf.h"

void plain_text_escape(const char *s, struct buf *out);
/* In quotes as well, those of JSON, which YAML reads. */
void plain_text_quote(const char *s, struct buf *out);

#endif
