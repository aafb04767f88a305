/*
 * What a lane needs of the writer that it writes to. Within this room alone.
 */
#ifndef STORAGE_ARCHIVE_WRITER_LANES_H
#define STORAGE_ARCHIVE_WRITER_LANES_H

#include "storage/archive/body.h"
#include "storage/archive/lane_order.h"
#include "storage/archive/pathset.h"
#include "storage/archive/writer.h"

#include <pthread.h>

struct archive_writer {
	struct body body;
	const char *scratch;
	int64_t mtime;
	uint64_t max_entries;
	struct pathset paths;
	struct lane_order lane_order;

	pthread_mutex_t lock; /* over what follows */
	struct err failure;   /* the error that made the archive useless */
};

/* An entry was begun and could not be ended: from here on nothing can be added.
 * The first error counts. Returns -1. */
int archive_writer_spoil(struct archive_writer *w, const struct err *err);
/* 0, or -1 with the error that made the archive useless. */
int archive_writer_check(struct archive_writer *w, struct err *err);

#endif
