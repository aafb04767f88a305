#include "storage/kube/selector.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/json/range.h"
#include "storage/kube/item.h"

static bool fits_pairs(struct json_range pairs, struct json_range labels)
{
	struct json_range key;
	struct json_range value;
	struct json_scan s;
	bool first = true;

	json_scan_init(&s, pairs.at, pairs.len);
	if (!json_scan_next_is(&s, '{') || !json_scan_open(&s))
		return false;
	while (json_scan_member(&s, &first, &key)) {
		cleanup(buf_done) struct buf name = BUF_INIT;
		cleanup(buf_done) struct buf wanted = BUF_INIT;
		cleanup(buf_done) struct buf is = BUF_INIT;
		if (!json_scan_string(&s, &value))
			return false;
		json_range_decode(key, &name);
		json_range_decode(value, &wanted);
		if (!kube_item_lookup(labels, buf_str(&name), &is) ||
		    !str_eq(buf_str(&is), buf_str(&wanted)))
			return false;
	}
	return !s.wrong;
}

static bool is_among(struct json_range values, const char *text)
{
	struct json_range value;
	size_t at = 0;

	while (json_range_next(values, &at, &value)) {
		cleanup(buf_done) struct buf one = BUF_INIT;
		if (json_range_text(value, &one) && str_eq(buf_str(&one), text))
			return true;
	}
	return false;
}

static bool fits_expression(
    struct json_range expression, struct json_range labels)
{
	cleanup(buf_done) struct buf key = BUF_INIT;
	cleanup(buf_done) struct buf operator= BUF_INIT;
	cleanup(buf_done) struct buf is = BUF_INIT;
	struct json_range values = {.at = NULL};

	if (!json_range_get_text(expression, "key", &key) ||
	    !json_range_get_text(expression, "operator", &operator))
		return false;
	bool has = kube_item_lookup(labels, buf_str(&key), &is);
	json_range_get(expression, "values", &values);
	bool among = has && is_among(values, buf_str(&is));
	if (str_eq(buf_str(&operator), "In"))
		return among;
	if (str_eq(buf_str(&operator), "NotIn"))
		return !among;
	if (str_eq(buf_str(&operator), "Exists"))
		return has;
	return str_eq(buf_str(&operator), "DoesNotExist") && !has;
}

bool kube_selector_fits(struct json_range selector, struct json_range labels)
{
	struct json_range part;
	struct json_range expression;
	size_t at = 0;

	if (json_range_get(selector, "matchLabels", &part) &&
	    !fits_pairs(part, labels))
		return false;
	if (json_range_get(selector, "matchExpressions", &part))
		while (json_range_next(part, &at, &expression))
			if (!fits_expression(expression, labels))
				return false;
	return true;
}
