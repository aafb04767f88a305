/*
 * CONTENTS.json, the last entry of an archive: what is in it. One JSON
 * document, laid out with an entry a line, so that it can be read without
 * holding it:
 *
 *   {"version":2,"entries":[
 *   {"frame":0,"at":512,"path":"git/a.git/HEAD","bytes":23,"sha256":"…",
 *    "mtime":1767323045,"source":"…","facts":{…}},
 *                                        (on one line, in archive order)
 *   …
 *   ],"count":2,"frames":[
 *   [0,1830,4194304],
 *   …
 *   ]}
 *
 * The frames are those of the compressed archive, before encryption (frames.h):
 * for each where it begins, how many bytes it has, and how many it unpacks to.
 * They lie one behind the other from 0 up to where the frame begins that
 * CONTENTS.json is in, which the manifest names. "frame" and "at" of an entry
 * say in which of them its content begins, and at which of the unpacked bytes;
 * long content goes on in the next.
 *
 * Version 3 is that of a snapshot that is a list of archives (manifest.h). It
 * lists every entry of the snapshot, in the order that it would have if it were
 * one archive, and each line says in which archive the entry is, by its place
 * in that list, from 0; frame and place are those of that archive. The frames
 * of all of them follow, archive by archive, each with that number before it:
 *
 *   {"version":3,"entries":[
 *   {"archive":0,"frame":0,"at":512,"path":"git/a.git/HEAD",…,
 *    "attrs":"…"},
 *   …
 *   ],"count":2,"frames":[
 *   [0,0,1830,4194304],
 *   …
 *   ]}
 *
 * The last archive is the one that the text is in, and its frames reach up to
 * where the text begins. "attrs" is the SHA-256 of the entry's attributes, each
 * as name, NUL, value, NUL, in the order of the archive; without it, the entry
 * has none.
 *
 * Version 1 has neither "frame" and "at" nor "frames", and ends in
 * `],"count":2}`. The reader takes exactly these layouts, lines up to
 * CONTENTS_LINE_MAX bytes, up to CONTENTS_ENTRIES_MAX entries, paths that are
 * safe, and entries that follow one another; the writer is to put no more into
 * it.
 */
#ifndef STORAGE_ARCHIVE_CONTENTS_H
#define STORAGE_ARCHIVE_CONTENTS_H

#include "storage/archive/frames.h"
#include "storage/base/buf.h"
#include "storage/base/digest.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct facts;

#define CONTENTS_PATH "CONTENTS.json"

/* A line contains the references of a repository, and a host may have several
 * for each pull request. */
enum {
	CONTENTS_LINE_MAX = 64 * 1024 * 1024,
	CONTENTS_ENTRIES_MAX = 10 * 1000 * 1000
};

struct contents_entry {
	const char *path;
	uint64_t bytes;
	uint8_t sha256[DIGEST_SHA256_LEN];
	const char *source;	   /* NULL where none was given */
	int64_t mtime;		   /* seconds */
	const struct facts *facts; /* NULL where none were given (facts.h) */
	/* Of version 3, else 0 and none. */
	uint32_t archive;
	bool has_attrs;
	uint8_t attrs[DIGEST_SHA256_LEN];
	/* Where its content begins; not known in version 1. */
	bool located;
	struct frames_position position;
};

/* Where CONTENTS.json lies, so that it can be read alone. */
struct contents_where {
	uint64_t offset; /* of its frames, in the archive before encryption */
	uint64_t
	    bytes;    /* how long its frames are: all from offset to the end */
	uint64_t at;  /* of its text, in what they unpack to */
	uint64_t len; /* of that text */
	uint8_t sha256[DIGEST_SHA256_LEN]; /* the same */
};

/* Of a snapshot that is one archive (version 2), or a list of them (3). */
enum contents_form { CONTENTS_ONE, CONTENTS_LIST };

/* The text in three parts, each appended. An entry is written with the
 * separator before it; for the first entry the caller drops that
 * (CONTENTS_SEPARATOR_LEN). The facts of an entry are given as JSON text on one
 * line, or NULL; e->facts is for reading only. */
enum { CONTENTS_SEPARATOR_LEN = 1 };
/* Whether the reader accepts the line of such an entry. */
bool contents_fits(
    const char *path, const char *source, const char *facts_text);
void contents_write_start(struct buf *out, enum contents_form form);
void contents_write_entry(struct buf *out, enum contents_form form,
    const struct contents_entry *e, const char *facts_text);
/* The frames of each of the archives; of CONTENTS_ONE, one is meant. */
void contents_write_end(struct buf *out, enum contents_form form,
    uint64_t count, const struct frames *frames, size_t archives);
/* What becomes of places in lines. */
struct contents_move {
	enum contents_form form;
	/* More frames that come before those of archive `own`, which is 0 of
	 * CONTENTS_ONE. */
	uint64_t frames;
	uint32_t own;
	/* The new numbers of the archives; NULL: as they are. */
	const uint32_t *numbers;
	/* Counts, by the old number, the entries of each; or NULL. */
	uint64_t *counts;
};
/* Appends whole lines of entries with new places. */
void contents_move_lines(struct buf *out, const char *lines, size_t len,
    const struct contents_move *move);

/* Calls `entry` for each entry in order; its arguments are borrowed for the
 * call. It returns 0, or -1 with err set to stop, which stays as it is.
 * ERR_FORMAT on bad input. */
int contents_each(struct source *from,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err);

/* What is known of the archives that a text speaks of. */
struct contents_archives {
	size_t count;
	/* How many bytes each has before encryption, at most; of the last:
	 * where the frames of CONTENTS.json begin. */
	const uint64_t *ends;
	struct frames *frames; /* as many, empty: to be filled */
};

/* The same, and returns the frames, of which those of the last archive end
 * where it does. If `entry` is NULL, only the places are looked at, which is
 * fast. ERR_INTEGRITY if an entry is in none of them, or lies outside of its
 * own, or, in the last archive, behind the entry that follows it. Version 1 has
 * none, and versions 1 and 2 speak of one archive. */
int contents_each_located(struct source *from,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, const struct contents_archives *archives, struct err *err);

#endif
