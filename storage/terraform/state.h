/*
 * What Terraform and OpenTofu state says about itself, read as a stream: no
 * tree is built, so a state of any size needs the same memory. The whole text
 * is checked to be JSON.
 *
 * Format 4: https://github.com/opentofu/opentofu internal/states/statefile;
 * encrypted state keeps serial and lineage readable beside its encrypted_data.
 * Format 3 keeps resources in modules.
 */
#ifndef STORAGE_TERRAFORM_STATE_H
#define STORAGE_TERRAFORM_STATE_H

#include "storage/base/buf.h"
#include "storage/base/digest.h"
#include "storage/base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATE_MAX_DEPTH = 512, STATE_MAX_TEXT = 128 };

struct state_facts {
	bool json;  /* all of it is one JSON value */
	bool state; /* an object with a serial and a lineage */
	bool encrypted;
	int64_t format; /* "version" */
	int64_t serial;
	uint64_t resources;
	char lineage[STATE_MAX_TEXT]; /* printable; "" for none */
	char terraform_version[STATE_MAX_TEXT];
};

struct state_reader; /* one pass over one object */

struct state_reader *state_reader_new(void);
void state_reader_free(struct state_reader *r); /* takes NULL */
void state_reader_freep(struct state_reader **r);
void state_reader_add(struct state_reader *r, const void *data, size_t len);
/* A sink that adds what is written to it, and passes it to `next`, which it
 * owns (NULL: nothing is passed on). Borrows the reader. */
struct sink *state_reader_sink(struct state_reader *r, struct sink *next);
/* Whether what was read so far can be the beginning of JSON at all. */
bool state_reader_hopes(const struct state_reader *r);
/* After all bytes. */
void state_reader_finish(struct state_reader *r, struct state_facts *facts);

/* If the text was only read in part: what its beginning says. `state` is true
 * if serial and lineage were found already; `json` is not. */
void state_reader_begun(
    const struct state_reader *r, struct state_facts *facts);

/* In one go. */
void state_facts_of(const void *data, size_t len, struct state_facts *facts);

/* Writes serial, lineage, terraform_version, resources (if the whole state was
 * read) and encrypted into an object; nothing if it is not a state. */
struct json_object;
void state_facts_to_json(
    const struct state_facts *facts, struct json_object *object);

/* "env:/<workspace>/..." under the prefix: the workspace, or NULL. The caller
 * frees. */
char *state_workspace(const char *key);

/* What Terraform writes into a lock (.tflock, Info): "by Who, for Operation,
 * since Created, ID ...", printable, for people. */
void state_describe_lock(struct buf *out, const char *text, size_t len);

#endif
