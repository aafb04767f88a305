#include "storage/vault/vault_known.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 64 * 1024 };

char *vault_known_directory(const char *path)
{
	return str_printf("directory '%s'", path);
}

static char *note_path(const char *state_dir, const char *location)
{
	char name[DIGEST_SHA256_HEX];

	digest_sha256_hex(location, strlen(location), name);
	return str_printf("%s/vaults/%s.json", state_dir, name);
}

static int check_note(const struct json_object *j, const char *note,
    const char *location, const char *file_system,
    const struct vault_marker *marker, struct err *err)
{
	const char *id = json_get_str(j, "vault");
	const char *was_on = json_get_str(j, "file_system");

	if (!id)
		return err_set(err, ERR_FORMAT,
		    "'%s' is not a note of a vault; remove it", note);
	if (!marker)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: the vault %s that was here is not there: perhaps it "
		    "is not mounted. Mount it; if it is gone for good, remove "
		    "'%s' and make a new one with 'backstay-agent vault init'",
		    location, id, note);
	if (!str_eq(id, marker->id))
		return err_set(err, ERR_NOT_FOUND,
		    "%s: the vault here is %s, and was %s: perhaps another "
		    "disk is mounted. Mount the right one; if this one is to "
		    "be used from now on, remove '%s'",
		    location, marker->id, id, note);
	if (was_on && file_system && !str_eq(was_on, file_system))
		return err_set(err, ERR_NOT_FOUND,
		    "%s: it lies on another file system (%s) than the vault %s "
		    "did (%s): perhaps this is a copy, below where it is to "
		    "be mounted. Mount it; if it was moved on purpose, remove "
		    "'%s'",
		    location, file_system, id, was_on, note);
	return 0;
}

int vault_known_check(const char *state_dir, const char *location,
    const char *file_system, const struct vault_marker *marker, struct err *err)
{
	autofree char *note = note_path(state_dir, location);
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(json_freep) struct json_object *j = NULL;
	struct err why = ERR_INIT;

	if (file_read(note, MAX_BYTES, &text, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	j = json_parse(buf_str(&text), text.len, &why);
	return check_note(j, note, location, file_system, marker, err);
}

bool vault_known_remembers(const char *state_dir, const char *location,
    const struct vault_marker *marker)
{
	autofree char *note = note_path(state_dir, location);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(note, MAX_BYTES, &text, &ignored))
		return false;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(&text), text.len, &ignored);
	const char *id = json_get_str(j, "vault");
	return id && str_eq(id, marker->id);
}

int vault_known_remember(const char *state_dir, const struct vault *v,
    const struct vault_marker *marker, struct err *err)
{
	autofree char *note = note_path(state_dir, vault_describe(v));
	autofree char *dir = file_parent(note);
	cleanup(json_freep) struct json_object *j = json_new_object();
	cleanup(buf_done) struct buf text = BUF_INIT;

	json_set_str(j, "place", vault_describe(v));
	json_set_str(j, "vault", marker->id);
	json_set_str(j, "file_system", v->file_system);
	json_write(&text, j, JSON_PRETTY);
	buf_add_char(&text, '\n');
	if (file_mkdirs(dir, err) ||
	    file_update_durably(note, text.data, text.len, err))
		return err_wrap(err, "remembering which vault lies at %s",
		    vault_describe(v));
	return 0;
}
