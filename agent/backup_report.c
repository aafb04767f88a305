#include "agent/backup.h"

#include "config/cli/document.h"
#include "config/layer_options.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_time(struct json_object *j, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_rfc3339(ms / 1000, text);
	json_set_str(j, key, text);
}

static void add_source(struct manifest *m, const struct source_task *t)
{
	struct json_object *j = json_new_object();

	json_set_str(j, "kind", t->kind);
	json_set_str(j, "name", t->kind);
	json_set_int(j, "items", (int64_t)t->report.items);
	json_set_int(j, "bytes", (int64_t)t->report.bytes);
	json_set_int(j, "missing", (int64_t)t->report.missing.len);
	set_time(j, "started", t->started_ms);
	set_time(j, "finished", t->finished_ms);
	for (struct json_iter it = json_iter(t->report.summary);
	     json_next(&it);)
		if (!json_get(j, it.key))
			json_set(j, it.key, json_share(it.value));
	json_append(m->sources, j);
	capture_report_record(&t->report, t->kind, m);
}

/* Why that vault has no copy; NULL: it has one. */
static const struct err *failure_of(
    const struct backup_run *r, const struct run_vault *v)
{
	if (v->err.code != ERR_NONE)
		return &v->err;
	for (size_t i = 0; r->snapshot && i < r->open_count; i++)
		if (r->open_run[i] == v)
			return snapshot_writer_failure(r->snapshot, i);
	return NULL;
}

/* The snapshot is complete even if one vault has no copy of it: the manifests
 * in the other vaults have that as a warning. */
static void add_vault_failure(
    struct manifest *m, const struct settings_vault *v, const struct err *err)
{
	autofree char *text =
	    str_printf("vault '%s' has no copy: %s", v->name, err->message);

	manifest_add_warning(m, text);
}

static struct json_object *layers_of(const struct settings *s)
{
	cleanup(layers_done) struct layers layers = LAYERS_INIT;

	layer_options(s, &layers);
	return layers_write(&layers);
}

void backup_report_tags(const struct strvec *tags, struct manifest *m)
{
	VEC_EACH (tags, tag)
		if (!strvec_has(&m->tags, *tag))
			strvec_add(&m->tags, *tag);
}

void backup_report_fill(const struct backup_run *r, struct manifest *m)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	m->started = r->started;
	m->finished = r->finished;
	m->zone = str_dup(r->settings->retention.zone);
	m->hostname = str_dup(host);
	m->archive.entries = r->totals.entries;
	m->archive.content_bytes = r->totals.bytes;
	m->archive.has_index = true;
	if (r->archive)
		m->archive.index = archive_writer_index(r->archive);
	if (r->settings->has_incremental)
		backup_incremental_fill(r, m);
	backup_report_tags(&r->settings->tags, m);
	backup_report_tags(&r->a->options->tags, m);
	m->hold |= r->a->options->hold;
	m->layers = layers_of(r->settings);
	for (size_t i = 0; i < r->sources.count; i++)
		add_source(m, &r->sources.tasks[i]);
	for (size_t i = 0; i < r->vault_count; i++) {
		const struct run_vault *v = &r->vaults[i];
		const struct err *why = failure_of(r, v);
		if (why)
			add_vault_failure(m, v->settings, why);
	}
	backup_shrink_add(r, m);
	backup_closure_fill(r, m);
	VEC_EACH (&r->discovered.left, line)
		manifest_add_warning(m, *line);
	m->partial = json_len(m->missing) > 0;
}

static void print_manifest(const struct manifest *m)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	manifest_write(m, &text);
	fputs(text.data, stdout);
}

static struct json_object *sources_of(const struct manifest *m)
{
	static const char *const counts[] = {"items", "bytes", "missing"};
	struct json_object *sources = json_new_array();

	for (size_t i = 0; i < json_len(m->sources); i++) {
		const struct json_object *from = json_at(m->sources, i);
		struct json_object *j = json_new_object();
		json_set_str(j, "kind", json_get_str(from, "kind"));
		for (size_t k = 0; k < 3; k++)
			json_set_int(
			    j, counts[k], json_get_int(from, counts[k], 0));
		json_append(sources, j);
	}
	return sources;
}

static struct json_object *lines_of(const struct json_object *missing)
{
	cleanup(strvec_done) struct strvec lines = VEC_INIT;
	struct json_object *array = json_new_array();

	missing_lines(missing, &lines);
	VEC_EACH (&lines, line)
		json_append(array, json_new_str(*line));
	return array;
}

/* Which vaults have it, and which do not. */
static struct json_object *vaults_of(const struct backup_run *r)
{
	struct json_object *vaults = json_new_array();

	for (size_t i = 0; i < r->vault_count; i++) {
		const struct run_vault *v = &r->vaults[i];
		const struct err *why = failure_of(r, v);
		struct json_object *j = json_new_object();
		json_set_str(j, "vault", v->settings->name);
		json_set_bool(j, "copied", !why);
		if (why)
			json_set_str(j, "reason", why->message);
		json_append(vaults, j);
	}
	return vaults;
}

struct json_object *backup_report_summary(
    const struct backup_run *r, const struct manifest *m)
{
	struct json_object *j = document_new(r->a->command, m->label);

	json_set_str(j, "status", m->partial ? "partial" : "complete");
	set_time(j, "created", m->created * 1000);
	json_set_int(j, "entries", (int64_t)manifest_entries(m));
	json_set_int(j, "content_bytes", (int64_t)manifest_content_bytes(m));
	json_set_int(j, "bytes", (int64_t)manifest_written_bytes(m));
	json_set_int(
	    j, "took_ms", clock_ticks_ms(r->a->env.clock) - r->started_ticks);
	json_set(j, "vaults", vaults_of(r));
	json_set(j, "sources", sources_of(m));
	json_set(j, "missing", lines_of(m->missing));
	if (m->closure)
		json_set(j, "closure", json_share(m->closure));
	json_set(j, "warnings", json_share(m->warnings));
	return j;
}

static void print_summary(
    const struct backup_run *r, const struct manifest *m, size_t copies)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	int64_t ms = clock_ticks_ms(r->a->env.clock) - r->started_ticks;

	buf_printf(&text, "%s  %s  %llu entries, ", m->label,
	    m->partial ? "partial" : "complete",
	    (unsigned long long)manifest_entries(m));
	str_add_bytes(&text, manifest_content_bytes(m));
	buf_add_str(&text, " in ");
	str_add_bytes(&text, manifest_written_bytes(m));
	if (manifest_has_parts(m))
		buf_printf(&text, ", in %zu parts", m->earlier.len);
	else if (m->earlier.len)
		buf_printf(&text, ", and in %zu earlier archive%s",
		    m->earlier.len, m->earlier.len == 1 ? "" : "s");
	if (copies < r->vault_count)
		buf_printf(
		    &text, ", ONLY %zu of %zu vaults", copies, r->vault_count);
	else
		buf_printf(
		    &text, ", %zu vault%s", copies, copies == 1 ? "" : "s");
	buf_printf(&text, ", %lld.%02lld s\n", (long long)(ms / 1000),
	    (long long)(ms / 10 % 100));
	for (size_t i = 0; i < json_len(m->sources); i++) {
		const struct json_object *j = json_at(m->sources, i);
		int64_t missing = json_get_int(j, "missing", 0);
		int64_t items = json_get_int(j, "items", 0);
		buf_printf(&text, "  %-11s %6lld item%s  ",
		    json_get_str(j, "kind"), (long long)items,
		    items == 1 ? " " : "s");
		str_add_bytes(&text, (uint64_t)json_get_int(j, "bytes", 0));
		if (missing)
			buf_printf(&text, "  %lld missing", (long long)missing);
		buf_add_char(&text, '\n');
	}
	fputs(text.data, stdout);
}

void backup_report_print(
    const struct backup_run *r, const struct manifest *m, size_t copies)
{
	if (r->a->options->manifest)
		print_manifest(m);
	else if (!r->summary)
		print_summary(r, m, copies);
}
