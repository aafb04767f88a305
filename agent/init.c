/* The command `init`: the first configuration, its keys and its vault. */
#include "agent/agent.h"
#include "agent/covering.h"
#include "agent/discover/cluster.h"
#include "agent/init/text.h"
#include "config/cli/document.h"
#include "config/example.h"
#include "config/person.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/crypto/keyset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct making {
	struct answers answers;
	struct keyset keys;
	struct strvec recipients;
	struct found found;
	struct strvec left_out;	   /* of what was found, and why */
	struct settings *settings; /* as they are written */
	struct strvec written;	   /* paths */
	struct agent_vaults_made vaults;
	struct checks checks;
};

static void making_done(struct making *m)
{
	answers_done(&m->answers);
	keyset_done(&m->keys);
	strvec_done(&m->recipients);
	found_done(&m->found);
	strvec_done(&m->left_out);
	settings_free(m->settings);
	strvec_done(&m->written);
	agent_vaults_made_done(&m->vaults);
	checks_done(&m->checks);
}

/* ---- what is to be written ---- */

static int ask(void *ctx, bool yes_or_no, const char *text, struct buf *answer)
{
	return person_ask(ctx,
	    yes_or_no ? AGE_PLUGIN_CONFIRM : AGE_PLUGIN_PUBLIC, text, answer);
}

static void write_text(
    const struct making *m, bool for_restore, struct buf *out)
{
	const struct text_input in = {.answers = &m->answers,
	    .recipients = &m->recipients,
	    .found = &m->found,
	    .left_out = &m->left_out,
	    .example = example_text,
	    .for_restore = for_restore};

	text_write(&in, out);
}

static struct settings *parse(const struct making *m, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	write_text(m, false, &text);
	return settings_parse(buf_str(&text), text.len, m->answers.config, err);
}

/* Whether the configuration is one with what was just added to it. */
static bool fits(struct making *m, const char *what)
{
	struct err why = ERR_INIT;
	struct settings *s = parse(m, &why);

	if (s) {
		settings_free(s);
		return true;
	}
	autofree char *line = str_printf("%s: %s", what, why.message);
	strvec_add(&m->left_out, line);
	return false;
}

/* Something that was found, and the mark by which it is not written. */
struct candidate {
	const char *what;
	bool *omitted;
};

/* One after another, so that a name which cannot be configured, or that another
 * one has, leaves out itself alone. */
static void keep_what_fits(struct making *m)
{
	VEC_DEFINE(, struct candidate) candidates = VEC_INIT;

	VEC_EACH (&m->found.repositories, r)
		if (!r->covered)
			*vec_add(&candidates) =
			    (struct candidate){r->url, &r->covered};
	VEC_EACH (&m->found.buckets, b)
		if (!b->configured)
			*vec_add(&candidates) =
			    (struct candidate){b->bucket, &b->configured};
	VEC_EACH (&candidates, one)
		*one->omitted = true;
	VEC_EACH (&candidates, one) {
		*one->omitted = false;
		*one->omitted = !fits(m, one->what);
	}
	vec_done(&candidates);
	VEC_EACH (&m->found.unclear, line)
		strvec_add(&m->left_out, *line);
}

static int search_cluster(
    const struct agent *a, struct making *m, struct err *err)
{
	cleanup(settings_freep) struct settings *s = parse(m, err);
	cleanup(connect_kube_done) struct connect_kube k = {.client = NULL};

	if (!s)
		return -1;
	const struct settings_cluster *cluster = s->kubernetes.clusters.items;
	if (connect_kube(&cluster->access, KUBE_GZIP_OFF, &a->env, &k, err))
		return err_wrap(err, "cluster '%s'", cluster->name);
	kube_client_set_stall_timeout(k.client, (int)cluster->request_timeout);
	if (cluster_discover(
		k.client, cluster->name, a->env.clock, &m->found, err))
		return -1;
	covering_settings(s, &m->found);
	found_sort(&m->found);
	keep_what_fits(m);
	return 0;
}

static int prepare(const struct agent *a, struct making *m, struct err *err)
{
	const struct answers *w = &m->answers;

	if ((w->keys && keyset_check_new(w->keys, KEYSET_OWNER, err)) ||
	    keyset_check_new(
		w->agent_keys, w->keys ? KEYSET_AGENT : KEYSET_SIGNER, err))
		return -1;
	if (keyset_make(&m->keys, KEYSET_CLASSIC, a->env.random,
		clock_now_ms(a->env.clock) / 1000, err))
		return -1;
	VEC_EACH (&w->recipients, r)
		strvec_add(&m->recipients, *r);
	if (w->keys)
		strvec_add(&m->recipients, m->keys.recipient);
	if (w->from_cluster && search_cluster(a, m, err))
		return -1;
	m->settings = parse(m, err);
	return m->settings ? 0 : -1;
}

/* ---- writing ---- */

static int write_new(
    struct making *m, const char *path, bool for_restore, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	write_text(m, for_restore, &text);
	if (file_write_new(path, text.data, text.len, err))
		return -1;
	strvec_add(&m->written, path);
	return 0;
}

static int write_keys(struct making *m, struct err *err)
{
	const struct answers *w = &m->answers;

	if (!w->keys)
		return keyset_write(
		    &m->keys, w->agent_keys, KEYSET_SIGNER, &m->written, err);
	autofree char *restore = file_join(w->keys, "restore.yaml");
	if (str_eq(w->keys, w->agent_keys))
		return keyset_write(
			   &m->keys, w->keys, KEYSET_ALL, &m->written, err) ||
			       write_new(m, restore, true, err)
			   ? -1
			   : 0;
	return keyset_write(
		   &m->keys, w->keys, KEYSET_OWNER, &m->written, err) ||
		       write_new(m, restore, true, err) ||
		       keyset_write(&m->keys, w->agent_keys, KEYSET_AGENT,
			   &m->written, err)
		   ? -1
		   : 0;
}

/* The configuration last: where it is, all that it names is. Nothing was
 * encrypted to the keys yet, so that those of a failure can go. */
static int write_all(struct making *m, struct err *err)
{
	autofree char *dir = file_parent(m->answers.config);

	if (write_keys(m, err) == 0 && file_mkdirs(dir, err) == 0 &&
	    write_new(m, m->answers.config, false, err) == 0)
		return 0;
	VEC_EACH (&m->written, path)
		unlink(*path);
	strvec_done(&m->written);
	return -1;
}

/* ---- saying ---- */

static void print_written(const struct making *m)
{
	const struct answers *w = &m->answers;

	printf("Written, each for its owner alone:\n");
	VEC_EACH (&m->written, path)
		printf("  %s\n", *path);
	VEC_EACH (&m->left_out, line) {
		cleanup(buf_done) struct buf shown = BUF_INIT;
		str_add_printable(&shown, *line, strlen(*line));
		printf("Left out: %s\n", buf_str(&shown));
	}
	if (w->keys)
		printf("Take '%s' off this machine, and keep it twice: without "
		       "identity.txt no snapshot opens. There, "
		       "`backstay-restore --config restore.yaml` reads them.\n",
		    w->keys);
	fflush(stdout);
}

static void print_json(const struct agent *a, const struct making *m)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(json_freep) struct json_object *j =
	    document_new(a->command, NULL);
	struct json_object *written = json_new_array();
	struct json_object *recipients = json_new_array();
	struct json_object *left_out = json_new_array();

	VEC_EACH (&m->written, path)
		json_append(written, json_new_str(*path));
	VEC_EACH (&m->recipients, r)
		json_append(recipients, json_new_str(*r));
	VEC_EACH (&m->left_out, line)
		json_append(left_out, json_new_str(*line));
	json_set_str(j, "configuration", m->answers.config);
	json_set(j, "recipients", recipients);
	json_set(j, "written", written);
	json_set(j, "left_out", left_out);
	json_set(j, "vaults", json_share(m->vaults.array));
	json_set_int(j, "failed", (int64_t)m->checks.failed);
	json_set(j, "checks", json_share(m->checks.array));
	document_write(j, &out);
	fputs(buf_str(&out), stdout);
}

/* Once all of it was tried. */
static void print_next(const struct answers *w)
{
	bool usual = str_eq(w->config, SETTINGS_DEFAULT_FILE);

	printf("Next: `backstay-agent backup%s%s%s`",
	    usual ? "" : " --config '", usual ? "" : w->config,
	    usual ? "" : "'");
	if (w->keys)
		printf(", then `backstay-restore verify latest --config "
		       "'%s/restore.yaml'`",
		    w->keys);
	printf("\n");
}

/* As `vault init` and `check` would, with what is now written. */
static int make_and_check(
    const struct agent *a, struct making *m, bool json, struct err *err)
{
	struct agent with = *a;

	with.settings = m->settings;
	int status = agent_make_vaults(&with, NULL, &m->vaults, err);
	if (!json) {
		fputs(buf_str(&m->vaults.text), stdout);
		fflush(stdout);
	}
	if (status == 0)
		status = agent_check_all(&with, &m->checks, err);
	return status == 0 ? 0
			   : err_wrap(err,
				 "'%s' is written; once this is mended, run "
				 "`backstay-agent vault init` and "
				 "`backstay-agent check`",
				 m->answers.config);
}

static int make(const struct agent *a, struct making *m, struct err *err)
{
	bool json = a->options->common.output == CLI_OUTPUT_JSON;
	cleanup(buf_done) struct buf table = BUF_INIT;

	if (prepare(a, m, err) || write_all(m, err))
		return err_wrap(err, "init: nothing was written");
	if (!json)
		print_written(m);
	int status = make_and_check(a, m, json, err);
	if (json) {
		print_json(a, m);
	} else {
		checks_write(&m->checks, a->command, false, &table);
		fputs(buf_str(&table), stdout);
		if (status == 0 && !m->checks.failed)
			print_next(&m->answers);
	}
	return status ? -1 : m->checks.failed ? 1 : 0;
}

int agent_init(const struct agent *a, struct err *err)
{
	const char *config = settings_file(a->options->common.config);
	const struct answers_person person = {.ask = ask};
	cleanup(making_done) struct making m = {
	    .vaults = {.text = BUF_INIT, .array = json_new_array()}};

	checks_init(&m.checks);
	if (file_exists(config))
		return err_set(err, ERR_USAGE,
		    "init: '%s' is there already: change it where it stands "
		    "(`backstay-agent check` tries it), or name another with "
		    "--config; nothing was written",
		    config);
	if (answers_fill(&m.answers, &a->options->init, config,
		isatty(STDIN_FILENO) ? &person : NULL, err))
		return -1;
	return make(a, &m, err);
}
