/*
 * The names of a snapshot's objects. Pure; only the rest of this room uses it.
 *
 *     <name>-<YYYYMMDDTHHMMSSZ>            the label
 *     <label>.tar.zst.age                  the archive
 *     <label>.manifest.json.minisig
 *     <label>.manifest.json
 *     <label>.verified-<stamp>-<level>-good.json[.minisig], ...-failed.json
 *     <label>.marked-<stamp>.json[.minisig]
 *     <label>.archive.json[.minisig]       (lone_archive.h)
 *     <label>.pruned.json[.minisig]
 *     <label>.witness-log, <label>.witnessed   (vault_log.h)
 *
 * A label belongs to the name in front of its stamp alone: "prod-eu-<stamp>"
 * is nothing of "prod".
 */
#ifndef STORAGE_VAULT_LABEL_H
#define STORAGE_VAULT_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LABEL_ARCHIVE ".tar."
#define LABEL_MANIFEST ".manifest.json"
#define LABEL_SIGNATURE ".manifest.json.minisig"
#define LABEL_VERIFIED ".verified-"
#define LABEL_MARKED ".marked-"
#define LABEL_MINISIG ".minisig" /* beside a record */
#define LABEL_PRUNED ".pruned.json"
#define LABEL_LONE ".archive.json"
#define LABEL_LONE_SIGNATURE ".archive.json.minisig"
#define LABEL_LOG ".witness-log"
#define LABEL_COSIGNED ".witnessed"
#define LABEL_PRUNED_SIGNATURE ".pruned.json.minisig"

enum { LABEL_STAMP = 16 }; /* characters of YYYYMMDDTHHMMSSZ */

struct label {
	size_t len;	 /* of the label, in what was parsed */
	size_t name_len; /* of the name in front of '-' */
	int64_t time;	 /* seconds */
};

/* The label at the beginning of an object's name, up to a '.' or its end. -1 if
 * there is none. */
int label_parse(const char *object, struct label *out);
/* The same; -1 also if the label is of another name. */
int label_parse_of(const char *name, const char *object, struct label *out);
char *label_make(const char *name, int64_t time); /* the caller frees */

/* Whether `rest`, which follows a label, is exactly one of the endings of an
 * archive. */
bool label_is_archive(const char *rest);

struct label_record {
	int64_t time;
	const char *level; /* points into what was parsed */
	size_t level_len;
	bool good;
};

/* `rest` is what follows the label. False for the signature of a record. */
int label_parse_record(const char *rest, struct label_record *out);
char *label_record_name(
    const char *label, int64_t time, const char *level, bool good);

/* Of a record of tags and hold. `rest` is what follows the label; -1 for
 * anything else, also for the signature of one. */
int label_parse_marked(const char *rest, int64_t *time);
char *label_marked_name(const char *label, int64_t time);

/* Whether `rest` is the end of a record of either kind. */
bool label_is_record(const char *rest);

#endif
