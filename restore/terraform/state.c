#include "restore/terraform/state.h"

#include "restore/terraform/applying.h"
#include "restore/terraform/state_bytes.h"
#include "restore/terraform/state_lock.h"
#include "restore/terraform/state_meta.h"
#include "restore/terraform/state_write.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

char *state_apply_target_key(
    const struct state_apply_options *o, const char *key)
{
	const char *from = o->from_prefix ? o->from_prefix : "";

	if (!str_starts(key, from))
		return str_dup(key);
	return str_printf(
	    "%s%s", o->to_prefix ? o->to_prefix : "", key + strlen(from));
}

int state_apply_check_table(
    const struct state_apply_options *o, struct err *err)
{
	return o->locks ? dynamodb_check(o->locks, err) : 0;
}

/* ---- may it be written ---- */

static int check_serials(const struct state_applying *a, struct err *err)
{
	const struct state_facts *ours = &a->ours.state;
	const struct state_facts *theirs = &a->theirs.state;

	if (strcmp(ours->lineage, theirs->lineage) != 0)
		return err_set(err, ERR_EXISTS,
		    "what is there is another state (lineage '%s', ours '%s'): "
		    "Terraform begins a lineage where it makes a state anew, "
		    "as 'terraform init -migrate-state' to an empty key does, "
		    "and takes no state of another one; compare both "
		    "(terraform show) before that of the snapshot replaces it",
		    theirs->lineage, ours->lineage);
	if (theirs->serial > ours->serial)
		return err_set(err, ERR_EXISTS,
		    "what is there is newer (serial %" PRId64 ", ours %" PRId64
		    ")",
		    theirs->serial, ours->serial);
	if (theirs->serial == ours->serial)
		return err_set(err, ERR_EXISTS,
		    "what is there has the same serial %" PRId64
		    " and other content",
		    theirs->serial);
	return 0;
}

static int check_compatible(const struct state_applying *a, struct err *err)
{
	if (!a->theirs.there || !a->theirs.state.state)
		return 0;
	if (a->ours.state.state)
		return check_serials(a, err);
	return err_set(err, ERR_EXISTS,
	    "what is there is state, and what would replace it is not");
}

static int may_write(const struct state_applying *a, struct err *err)
{
	if (!check_compatible(a, err))
		return 0;
	if (a->o->overwrite) {
		outcome_note(a->outcome,
		    "overwritten, as --overwrite-state says: %s", err->message);
		return 0;
	}
	return err_wrap(
	    err, "refused, and left as it is (--overwrite-state overrules)");
}

static int keep_equal(struct state_applying *a, struct err *err)
{
	bool changed = false;

	if (a->ours.state.state && state_write_digest(a, &changed, err))
		return err_wrap(err, "it is equal; its digest");
	outcome_set(a->outcome, changed ? OUTCOME_UPDATED : OUTCOME_UNCHANGED,
	    "%s/%s%s", s3_bucket(a->o->s3), a->key,
	    changed ? " was equal; its digest is repaired" : "");
	return 0;
}

/* Reads the existing object, and compares its bytes, headers, metadata and tags
 * with ours. */
static int read_and_compare(
    struct state_applying *a, bool *bytes, bool *all, struct err *err)
{
	const char *what = NULL;

	if (state_bytes_of_object(
		a->o->s3, a->key, &a->theirs, &a->their_meta, err))
		return err_wrap(err, "look at what is there");
	*bytes = state_bytes_equal(&a->ours, &a->theirs);
	if (*bytes && state_meta_differs(a, &a->their_meta, &what, err))
		return err_wrap(err, "look at what is there");
	if (what)
		outcome_note(a->outcome, "its bytes are equal, its %s differ%s",
		    what, str_ends(what, "s") ? "" : "s");
	*all = *bytes && !what;
	return 0;
}

static int compare_and_write(struct state_applying *a, struct err *err)
{
	bool bytes = false;
	bool all = false;

	if (read_and_compare(a, &bytes, &all, err))
		return -1;
	if (all)
		return keep_equal(a, err);
	if (!bytes && may_write(a, err))
		return -1;
	return state_write(a, err);
}

/* Checks everything that a real write would meet, locks included. */
static int rehearse(struct state_applying *a, struct err *err)
{
	bool is_state = a->ours.state.state;
	bool bytes = false;
	bool all = false;
	bool stale = false;

	if ((is_state && state_lock_check(a->o, a->key, a->outcome, err)) ||
	    read_and_compare(a, &bytes, &all, err) ||
	    (!bytes && may_write(a, err)))
		return -1;
	if (is_state && state_write_digest_differs(a, &stale, err))
		return err_wrap(err, "look at its digest");
	outcome_set(a->outcome,
	    all && !stale     ? OUTCOME_UNCHANGED
	    : a->theirs.there ? OUTCOME_UPDATED
			      : OUTCOME_CREATED,
	    "%s/%s%s", s3_bucket(a->o->s3), a->key,
	    !stale ? ""
	    : all  ? " is equal; its digest is repaired"
		   : ", digest set");
	return 0;
}

static int under_lock(struct state_applying *a, struct err *err)
{
	struct state_lock lock;
	int failed = -1;

	if (!state_lock_acquire(&lock, a->o, a->key, a->outcome, err)) {
		failed = compare_and_write(a, err);
		state_lock_release(&lock, a->outcome);
	}
	state_lock_done(&lock);
	return failed;
}

static int apply(struct state_applying *a, struct err *err)
{
	if (cancel_check(a->o->cancel, err) ||
	    state_bytes_of_file(a->file, &a->ours, err))
		return -1;
	if (a->o->dry_run)
		return rehearse(a, err);
	/* What is not a state has no lock. */
	return a->ours.state.state ? under_lock(a, err)
				   : compare_and_write(a, err);
}

static const char *not_to_be_applied(const struct state_applying *a)
{
	if (str_ends(a->object->key, ".tflock"))
		return "a lock is never restored";
	if (json_truth(json_get(a->object->facts, "older"), false))
		return "an older version: it stays in the archive";
	return NULL;
}

int state_apply(const struct state_apply_options *o, const char *file,
    const struct state_apply_object *object, struct outcome *outcome,
    struct err *err)
{
	struct state_applying a = {
	    .o = o, .object = object, .file = file, .outcome = outcome};
	struct err why = ERR_INIT;
	const char *skipped = not_to_be_applied(&a);

	if (skipped) {
		outcome_set(outcome, OUTCOME_SKIPPED, "%s", skipped);
		return 0;
	}
	autofree char *key = state_apply_target_key(o, object->key);
	a.key = key;
	int failed = apply(&a, &why);
	s3_meta_done(&a.their_meta);
	if (!failed)
		return 0;
	err_wrap(&why, "s3://%s/%s", s3_bucket(o->s3), key);
	outcome_failed(outcome, &why);
	/* Without credentials, or after a stop, every other object fails as
	 * well. */
	if (why.code != ERR_CANCELLED && why.code != ERR_USAGE)
		return 0;
	*err = why;
	return -1;
}
