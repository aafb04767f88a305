#include "tests/sim/vault/restores.h"

#include "restore/head.h"
#include "restore/open.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "storage/base/str.h"
#include "tests/sim/vault/looks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_CALLS = 40, CHUNK = 64 };

/* What connects is given these, each by its first member. */
struct entry {
	struct settings_vault vault;
	struct sim_store *store;
	struct sim_actor *actor;
};

struct restore {
	struct settings settings;
	struct entry entry;
	struct restore_options options;
	struct command command;
	struct opened opened;
	struct sim_actor actor;
	struct sim_timeline *t;
	struct sim_store *store;
};

/* ---- how the real code gets to the store --------------------------------- */

const struct settings_vault *__wrap_settings_vault_named(
    const struct settings *s, const char *name, struct err *err);
int __wrap_connect_trust(
    const struct settings *s, struct snapshot_trust *out, struct err *err);
int __wrap_connect_vault(const struct settings_vault *s, bool create,
    const struct connect_env *env, struct connect_vault *out, struct err *err);
void __wrap_log_event(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

const struct settings_vault *__wrap_settings_vault_named(
    const struct settings *s, const char *name, struct err *err)
{
	(void)name;
	(void)err;
	return &((const struct restore *)s)->entry.vault;
}

static void add_keys(
    const struct minisign_publics *from, struct minisign_publics *to)
{
	VEC_EACH (from, key)
		*vec_add(to) = *key;
}

int __wrap_connect_trust(
    const struct settings *s, struct snapshot_trust *out, struct err *err)
{
	const struct snapshot_trust *all =
	    &((const struct restore *)s)->t->world->trust;

	(void)err;
	add_keys(&all->keys, &out->keys);
	add_keys(&all->pruners, &out->pruners);
	add_keys(&all->verifiers, &out->verifiers);
	return 0;
}

int __wrap_connect_vault(const struct settings_vault *s, bool create,
    const struct connect_env *env, struct connect_vault *out, struct err *err)
{
	const struct entry *e = (const struct entry *)s;

	(void)create;
	(void)env;
	(void)err;
	out->vault = sim_vault_open(e->store, e->actor);
	return 0;
}

/* A million timelines have a lot to warn of. */
void __wrap_log_event(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

static void begin(
    struct restore *r, struct sim_timeline *t, struct sim_store *s)
{
	*r = (struct restore){.opened = OPENED_INIT, .t = t, .store = s};
	r->actor.what = "restore";
	r->entry.store = s;
	r->entry.actor = &r->actor;
	r->settings.name = str_dup(SIM_NAME);
	r->settings.state_dir = str_dup(t->world->state_dir);
	r->command = (struct command){.options = &r->options,
	    .settings = &r->settings,
	    .which = "latest",
	    .env = {.clock = &t->clock, .random = &t->random.random}};
}

static void end(struct restore *r)
{
	open_done(&r->opened);
	free(r->settings.name);
	free(r->settings.state_dir);
}

/* ---- what is remembered -------------------------------------------------- */

static char *head_path(const struct restore *r)
{
	return str_printf("%s/chain/%s:%s.json", r->settings.state_dir,
	    r->store->name, r->settings.name);
}

static struct chain_head *head_of(const struct restore *r)
{
	return &r->t->heads[sim_truth_index(&r->t->truth, r->store)];
}

static void give_up(const struct err *err)
{
	fprintf(stderr, "simulate: %s\n", err->message);
	exit(2);
}

static void lay_head(const struct restore *r)
{
	autofree char *path = head_path(r);
	autofree char *dir = file_parent(path);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)unlink(path);
	if (!head_of(r)->label)
		return;
	chain_head_write(head_of(r), &text);
	if (file_mkdirs(dir, &err) ||
	    file_write_durably(path, text.data, text.len, &err))
		give_up(&err);
}

/* As `verify --chain` wrote it. */
static void take_head(const struct restore *r)
{
	autofree char *path = head_path(r);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct chain_head next = {.label = NULL};
	struct err err = ERR_INIT;

	if (!file_exists(path))
		return;
	if (file_read(path, CHAIN_HEAD_MAX_BYTES, &text, &err) ||
	    chain_head_parse(buf_str(&text), text.len, &next, &err))
		give_up(&err);
	chain_head_done(head_of(r));
	*head_of(r) = next;
}

/* ---- the restore --------------------------------------------------------- */

static int open_latest(struct restore *r, struct err *err)
{
	lay_head(r);
	return open_snapshot(&r->command, &r->opened, err) ||
		       head_gate(&r->command, &r->opened, err)
		   ? -1
		   : 0;
}

/* Nothing is newer that a list names, or that is remembered. */
static void judge_choice(const struct restore *r)
{
	const struct sim_store *s = r->store;
	const struct snapshot *chosen = r->opened.snapshot;
	const char *remembered = head_of(r)->label;

	VEC_EACH (&r->t->truth.snapshots, one)
		if (one->time > chosen->time &&
		    sim_truth_whole(&r->t->truth, one, s) &&
		    sim_truth_found(&r->t->truth, one, s) &&
		    (sim_truth_listed(&r->t->truth, one, s) ||
			str_eq(one->label, remembered)))
			sim_broken(r->t, SIM_FALSE_SUCCESS,
			    "a restore takes '%s' of '%s' for the latest, and "
			    "'%s' is there",
			    chosen->label, s->name, one->label);
}

/* What comes out is what went in. */
static void judge_bytes(struct restore *r)
{
	const struct snapshot *which = r->opened.snapshot;
	const struct snapshot_open_options o = {.trust = &r->opened.trust};
	const struct sim_snapshot *one =
	    sim_truth_of(&r->t->truth, r->store, which->label);
	cleanup(buf_done) struct buf found = BUF_INIT;
	struct err err = ERR_INIT;
	struct manifest m;
	char chunk[CHUNK];
	ssize_t n;
	cleanup(source_freep) struct source *from =
	    snapshot_open(r->opened.vault.vault, which, &o, &m, &err);

	if (!from)
		return;
	manifest_done(&m);
	while ((n = source_read(from, chunk, sizeof(chunk), &err)) > 0)
		buf_add(&found, chunk, (size_t)n);
	if (n == 0 && (!one || found.len != one->archive.len ||
			  memcmp(found.data, one->archive.data, found.len)))
		sim_broken(r->t, SIM_FALSE_SUCCESS,
		    "a restore of '%s' from '%s' reads what was never written",
		    which->label, r->store->name);
}

/* The operator looks at the whole chain, which is remembered. */
static void look_at_chain(struct restore *r)
{
	size_t at = sim_truth_index(&r->t->truth, r->store);
	bool all = sim_look_shows_all(r->store);
	struct err err = ERR_INIT;
	size_t count;

	if (head_verify(&r->command, &r->opened, &count, &err))
		return;
	take_head(r);
	r->t->blind[at] = r->t->blind[at] || !all;
}

/* One that no list names may be newer than those that are named. */
static bool lists_all(const struct sim_store *s)
{
	VEC_EACH (&s->objects, o)
		if (*s->now < o->unlisted_until)
			return false;
	return sim_look_shows_all(s);
}

static bool may_refuse(const struct restore *r, const struct err *err)
{
	return r->actor.dead || r->actor.failed || err->code == ERR_NOT_FOUND ||
	       !lists_all(r->store) || sim_look_finds(r->t, r->store);
}

void sim_restore(struct sim_timeline *t, struct sim_store *s, bool harmed)
{
	struct restore r;
	struct err err = ERR_INIT;

	begin(&r, t, s);
	if (sim_one_in(&t->random, 4))
		r.actor.fail_at =
		    1 + (unsigned)sim_draw(&t->random, MOST_CALLS);
	int status = open_latest(&r, &err);
	sim_note(t, "restore of '%s' from '%s': %s",
	    r.opened.snapshot ? r.opened.snapshot->label : "latest", s->name,
	    status ? err.message : "good");
	if (status && !harmed && !may_refuse(&r, &err))
		sim_broken(t, SIM_FALSE_ALARM, "restore from '%s': %s", s->name,
		    err.message);
	if (!status) {
		judge_choice(&r);
		judge_bytes(&r);
		if (sim_one_in(&t->random, 3))
			look_at_chain(&r);
	}
	end(&r);
	t->acts++;
	t->now += 1 + (int64_t)sim_draw(&t->random, 20);
}

bool sim_restore_is_refused(struct sim_timeline *t, struct sim_store *s)
{
	struct restore r;
	struct err err = ERR_INIT;

	begin(&r, t, s);
	int status = open_latest(&r, &err);
	end(&r);
	return status != 0;
}
