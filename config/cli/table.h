/*
 * A table for people: rows of cells, columns as wide as they need to be.
 */
#ifndef CONFIG_CLI_TABLE_H
#define CONFIG_CLI_TABLE_H

#include "storage/base/buf.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

enum { TABLE_COLUMNS_MAX = 12 };

VEC_DEFINE(table, struct strvec);
void table_done(struct table *t);
struct strvec *table_row(struct table *t); /* good until the next */
/* What is not printable on a terminal is escaped. */
void table_cell(struct strvec *row, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends it; the last cell of a row is not padded. */
void table_write(const struct table *t, struct buf *out);

#endif
