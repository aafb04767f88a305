/*
 * One line of CONTENTS.json (contents.h), read. Laid out as
 * contents_write_entry does it, it is read in place; otherwise by a JSON
 * parser, which is many times slower, and which alone says what is wrong with a
 * line.
 */
#ifndef STORAGE_ARCHIVE_CONTENTS_LINE_H
#define STORAGE_ARCHIVE_CONTENTS_LINE_H

#include "storage/archive/contents.h"
#include "storage/archive/facts.h"

struct contents_line {
	struct contents_entry entry; /* its texts are the line's */
	struct facts facts;	     /* of the entry */
	struct json_object *tree;    /* of a line in another layout, or NULL */
};

#define CONTENTS_LINE_INIT                                                     \
	{                                                                      \
		.facts = FACTS_INIT                                            \
	}

void contents_line_done(struct contents_line *l);

/* What every line starts with; false if it is laid out in another way. Sets of
 * the entry where it is and how long; the rest of the line is not looked at. */
bool contents_line_place(
    int version, const char *text, size_t len, struct contents_entry *entry);
/* Sets l->entry, valid until the line before is read or changed: the text is
 * changed to end strings in it. ERR_FORMAT if it is no entry. `text` ends in a
 * byte that belongs to no value, which is not counted. */
int contents_line_read(struct contents_line *l, int version, char *text,
    size_t len, struct err *err);

#endif
