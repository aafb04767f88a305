#include "agent/capture/capture.h"

#include "storage/archive/manifest.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void capture_report_done(struct capture_report *r)
{
	VEC_EACH (&r->missing, m) {
		free(m->what);
		free(m->reason);
		json_free(m->refused);
	}
	vec_done(&r->missing);
	strvec_done(&r->warnings);
	json_free(r->summary);
	*r = (struct capture_report)CAPTURE_REPORT_INIT;
}

struct capture_missing *capture_report_missing(
    struct capture_report *r, const struct err *err, const char *fmt, ...)
{
	struct buf what = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&what, fmt, ap);
	va_end(ap);
	struct capture_missing *m = vec_add(&r->missing);
	m->what = buf_steal(&what);
	m->reason = str_dup(err->message);
	m->code = err->code;
	return m;
}

struct json_object *capture_report_missing_list(const struct capture_report *r)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&r->missing, m)
		json_append(
		    list, missing_entry(m->what, m->reason, m->refused));
	return list;
}

/* Whether one more of that length is named. */
static bool is_room(size_t named, size_t *bytes, size_t len)
{
	*bytes += len;
	return named < CAPTURE_NAMED && *bytes <= CAPTURE_NAMED_BYTES;
}

static void record_missing(
    const struct capture_report *r, const char *kind, struct manifest *m)
{
	size_t bytes = 0, named = 0;

	VEC_EACH (&r->missing, one) {
		if (!is_room(
			named, &bytes, strlen(one->what) + strlen(one->reason)))
			break;
		json_append(m->missing,
		    missing_entry(one->what, one->reason, one->refused));
		named++;
	}
	if (named == r->missing.len)
		return;
	autofree char *what =
	    str_printf("%s: %zu more", kind, r->missing.len - named);
	manifest_add_missing(
	    m, what, "there is no room to name them here; the log does");
}

void capture_report_record(
    const struct capture_report *r, const char *kind, struct manifest *m)
{
	size_t bytes = 0, named = 0;

	record_missing(r, kind, m);
	VEC_EACH (&r->warnings, w) {
		autofree char *text = str_printf("%s: %s", kind, *w);
		if (!is_room(named, &bytes, strlen(text)))
			break;
		manifest_add_warning(m, text);
		named++;
	}
	if (named == r->warnings.len)
		return;
	autofree char *rest = str_printf("%s: %zu more warnings are in the log",
	    kind, r->warnings.len - named);
	manifest_add_warning(m, rest);
}

bool capture_report_refused(const struct capture_report *r)
{
	VEC_EACH (&r->missing, m)
		if (m->refused)
			return true;
	return false;
}

const char capture_refused_advice[] =
    "what may not be listed needs the verb list for the account, as the "
    "ClusterRole of config/kubernetes gives it; what is not to be captured "
    "goes into exclude_resources or tolerate_forbidden";

void capture_report_warning(struct capture_report *r, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	*vec_add(&r->warnings) = buf_steal(&text);
}
