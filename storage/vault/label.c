#include "storage/vault/label.h"

#include "storage/archive/format.h"
#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/str.h"

#include <string.h>

#define GOOD "-good.json"
#define FAILED "-failed.json"
#define JSON ".json"

static int stamp_at(const char *text, int64_t *time)
{
	if (strlen(text) < LABEL_STAMP)
		return -1;
	autofree char *stamp = str_ndup(text, LABEL_STAMP);
	char again[CLOCK_TEXT_MAX];

	if (clock_parse_stamp(stamp, time))
		return -1;
	/* One form for each moment: no leap second, and a year of four digits.
	 */
	clock_stamp(*time, again);
	return str_eq(stamp, again) ? 0 : -1;
}

int label_parse(const char *object, struct label *out)
{
	/* A name contains no stamp, so the first stamp ends the label. */
	for (const char *dash = strchr(object, '-'); dash;
	     dash = strchr(dash + 1, '-')) {
		if (dash == object || stamp_at(dash + 1, &out->time))
			continue;
		const char *end = dash + 1 + LABEL_STAMP;
		if (*end != '.' && *end != '\0')
			continue;
		out->len = (size_t)(end - object);
		out->name_len = (size_t)(dash - object);
		return 0;
	}
	return -1;
}

int label_parse_of(const char *name, const char *object, struct label *out)
{
	struct label l;

	if (label_parse(object, &l) || l.name_len != strlen(name) ||
	    strncmp(object, name, l.name_len) != 0)
		return -1;
	*out = l;
	return 0;
}

bool label_is_archive(const char *rest)
{
	return str_eq(rest, format_suffix(ARCHIVE_ZSTD, ARCHIVE_AGE)) ||
	       str_eq(rest, format_suffix(ARCHIVE_GZIP, ARCHIVE_AGE)) ||
	       str_eq(rest, format_suffix(ARCHIVE_ZSTD, ARCHIVE_PLAIN)) ||
	       str_eq(rest, format_suffix(ARCHIVE_GZIP, ARCHIVE_PLAIN));
}

char *label_make(const char *name, int64_t time)
{
	char stamp[CLOCK_TEXT_MAX];

	clock_stamp(time, stamp);
	return str_printf("%s-%s", name, stamp);
}

int label_parse_record(const char *rest, struct label_record *out)
{
	size_t skip = strlen(LABEL_VERIFIED);

	if (!str_starts(rest, LABEL_VERIFIED) ||
	    stamp_at(rest + skip, &out->time))
		return -1;
	const char *level = rest + skip + LABEL_STAMP;
	if (*level++ != '-')
		return -1;
	out->good = str_ends(level, GOOD);
	if (!out->good && !str_ends(level, FAILED))
		return -1;
	out->level = level;
	out->level_len = strlen(level) - strlen(out->good ? GOOD : FAILED);
	for (size_t i = 0; i < out->level_len; i++)
		if (level[i] < 'a' || level[i] > 'z')
			return -1;
	return out->level_len ? 0 : -1;
}

char *label_record_name(
    const char *label, int64_t time, const char *level, bool good)
{
	char stamp[CLOCK_TEXT_MAX];

	clock_stamp(time, stamp);
	return str_printf("%s" LABEL_VERIFIED "%s-%s%s", label, stamp, level,
	    good ? GOOD : FAILED);
}

int label_parse_marked(const char *rest, int64_t *time)
{
	size_t skip = strlen(LABEL_MARKED);

	return str_starts(rest, LABEL_MARKED) &&
		       stamp_at(rest + skip, time) == 0 &&
		       str_eq(rest + skip + LABEL_STAMP, JSON)
		   ? 0
		   : -1;
}

char *label_marked_name(const char *label, int64_t time)
{
	char stamp[CLOCK_TEXT_MAX];

	clock_stamp(time, stamp);
	return str_printf("%s" LABEL_MARKED "%s" JSON, label, stamp);
}

bool label_is_record(const char *rest)
{
	struct label_record record;
	int64_t time;

	return label_parse_record(rest, &record) == 0 ||
	       label_parse_marked(rest, &time) == 0;
}
