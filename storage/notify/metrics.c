#include "storage/notify/metrics.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdlib.h>
#include <string.h>

/* What a reader that counts in doubles tells apart, and what may be added to
 * without end. */
#define MAX_VALUE (INT64_C(1) << 53)

struct label {
	char *name, *value;
};

struct sample {
	const struct metrics_family *family;
	struct label labels[METRICS_MAX_LABELS];
	size_t label_count;
	int64_t value;
};
VEC_DEFINE(sample_vec, struct sample);

struct metrics {
	const struct metrics_family *families;
	struct sample_vec samples;
};

struct metrics *metrics_new(const struct metrics_family *families)
{
	struct metrics *m = mem_new(struct metrics);

	m->families = families;
	return m;
}

static void sample_done(struct sample *s)
{
	for (size_t i = 0; i < s->label_count; i++) {
		free(s->labels[i].name);
		free(s->labels[i].value);
	}
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	VEC_EACH (&m->samples, s)
		sample_done(s);
	vec_done(&m->samples);
	free(m);
}

void metrics_freep(struct metrics **m)
{
	metrics_free(*m);
}

static const struct metrics_family *family_of(
    const struct metrics *m, const char *name)
{
	for (const struct metrics_family *f = m->families; f->name; f++)
		if (str_eq(f->name, name))
			return f;
	return NULL;
}

static bool has_labels(
    const struct sample *s, const struct metrics_label *labels)
{
	size_t n = 0;

	for (; labels[n].name; n++)
		if (n >= s->label_count ||
		    !str_eq(s->labels[n].name, labels[n].name) ||
		    !str_eq(s->labels[n].value, labels[n].value))
			return false;
	return n == s->label_count;
}

static struct sample *find(const struct metrics *m,
    const struct metrics_family *family, const struct metrics_label *labels)
{
	VEC_EACH (&m->samples, s)
		if (s->family == family && has_labels(s, labels))
			return s;
	return NULL;
}

static struct sample *find_or_add(struct metrics *m,
    const struct metrics_family *family, const struct metrics_label *labels)
{
	struct sample *s = find(m, family, labels);

	if (s)
		return s;
	s = vec_add(&m->samples);
	*s = (struct sample){.family = family};
	for (; labels->name; labels++) {
		if (s->label_count == METRICS_MAX_LABELS)
			abort();
		s->labels[s->label_count++] = (struct label){
		    str_dup(labels->name), str_dup(labels->value)};
	}
	return s;
}

static struct sample *sample_of(
    struct metrics *m, const char *name, const struct metrics_label *labels)
{
	const struct metrics_family *family = family_of(m, name);

	if (!family)
		abort();
	return find_or_add(m, family, labels);
}

void metrics_set(struct metrics *m, const char *family,
    const struct metrics_label *labels, int64_t value)
{
	sample_of(m, family, labels)->value = value;
}

void metrics_add(struct metrics *m, const char *family,
    const struct metrics_label *labels, int64_t value)
{
	sample_of(m, family, labels)->value += value;
}

int64_t metrics_value(const struct metrics *m, const char *family,
    const struct metrics_label *labels, int64_t fallback)
{
	const struct metrics_family *f = family_of(m, family);
	const struct sample *s = f ? find(m, f, labels) : NULL;

	return s ? s->value : fallback;
}

void metrics_merge(struct metrics *m, const struct metrics *from)
{
	VEC_EACH (&from->samples, s) {
		struct metrics_label labels[METRICS_MAX_LABELS + 1] = {{0}};
		for (size_t i = 0; i < s->label_count; i++)
			labels[i] = (struct metrics_label){
			    s->labels[i].name, s->labels[i].value};
		struct sample *own = find_or_add(m, s->family, labels);
		own->value = s->family->kind == METRICS_COUNTER
				 ? own->value + s->value
				 : s->value;
	}
}

static bool is_kept(
    const struct sample *s, const char *label, const struct strvec *values)
{
	for (size_t i = 0; i < s->label_count; i++)
		if (str_eq(s->labels[i].name, label))
			return strvec_has(values, s->labels[i].value);
	return true;
}

void metrics_keep_only(
    struct metrics *m, const char *label, const struct strvec *values)
{
	size_t kept = 0;

	VEC_EACH (&m->samples, s) {
		if (is_kept(s, label, values))
			m->samples.items[kept++] = *s;
		else
			sample_done(s);
	}
	m->samples.len = kept;
}

static void write_escaped(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (*text == '\n') {
			buf_add_str(out, "\\n");
			continue;
		}
		if (*text == '\\' || *text == '"')
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
}

static void write_value(const struct sample *s, struct buf *out)
{
	if (s->family->kind != METRICS_GAUGE_MS)
		buf_printf(out, " %lld\n", (long long)s->value);
	else
		buf_printf(out, " %s%lld.%03lld\n", s->value < 0 ? "-" : "",
		    llabs(s->value / 1000), llabs(s->value % 1000));
}

static void write_sample(const struct sample *s, struct buf *out)
{
	buf_add_str(out, s->family->name);
	for (size_t i = 0; i < s->label_count; i++) {
		buf_printf(out, "%s%s=\"", i ? "," : "{", s->labels[i].name);
		write_escaped(s->labels[i].value, out);
		buf_add_char(out, '"');
	}
	if (s->label_count)
		buf_add_char(out, '}');
	write_value(s, out);
}

void metrics_write(const struct metrics *m, struct buf *out)
{
	for (const struct metrics_family *f = m->families; f->name; f++) {
		bool headed = false;
		VEC_EACH (&m->samples, s) {
			if (s->family != f)
				continue;
			if (!headed)
				buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n",
				    f->name, f->help, f->name,
				    f->kind == METRICS_COUNTER ? "counter"
							       : "gauge");
			headed = true;
			write_sample(s, out);
		}
	}
}

void metrics_save(const struct metrics *m, struct buf *out)
{
	json_text_object(out, NULL);
	json_text_int(out, "version", 1);
	json_text_array(out, "samples");
	VEC_EACH (&m->samples, s) {
		json_text_line(out);
		json_text_object(out, NULL);
		json_text_str(out, "family", s->family->name);
		json_text_object(out, "labels");
		for (size_t i = 0; i < s->label_count; i++)
			json_text_str(
			    out, s->labels[i].name, s->labels[i].value);
		json_text_object_end(out);
		json_text_int(out, "value", s->value);
		json_text_object_end(out);
	}
	json_text_array_end(out);
	json_text_object_end(out);
	buf_add_char(out, '\n');
}

/* A name that Prometheus takes for a label. */
static bool is_label_name(const char *name)
{
	return *name && !(*name >= '0' && *name <= '9') &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
		   '\0';
}

/* 0 also where the family is not known any more. */
static int load_sample(struct metrics *m, const struct json_object *j)
{
	const char *name = json_get_str(j, "family");
	const struct json_object *value = json_get(j, "value");
	struct metrics_label labels[METRICS_MAX_LABELS + 1] = {{0}};
	size_t n = 0;

	if (!name || json_kind(value) != JSON_INT ||
	    llabs(json_int(value, 0) / 2) > MAX_VALUE / 2)
		return -1;
	for (struct json_iter it = json_iter(json_get(j, "labels"));
	     json_next(&it);) {
		const char *text = json_str(it.value);
		if (n == METRICS_MAX_LABELS || !text || !is_label_name(it.key))
			return -1;
		labels[n++] = (struct metrics_label){it.key, text};
	}
	if (family_of(m, name))
		metrics_set(m, name, labels, json_int(value, 0));
	return 0;
}

int metrics_load(
    struct metrics *m, const char *text, size_t len, struct err *err)
{
	cleanup(json_freep) struct json_object *j = json_parse(text, len, err);
	cleanup(metrics_freep) struct metrics *read = metrics_new(m->families);
	const struct json_object *samples = json_get(j, "samples");

	if (!j)
		return -1;
	bool good = json_get_int(j, "version", 0) == 1 &&
		    json_kind(samples) == JSON_ARRAY &&
		    json_len(samples) <= METRICS_MAX_SAMPLES;
	for (size_t i = 0; good && i < json_len(samples); i++)
		good = load_sample(read, json_at(samples, i)) == 0;
	if (!good)
		return err_set(
		    err, ERR_FORMAT, "these are not metrics of version 1");
	metrics_merge(m, read);
	return 0;
}
