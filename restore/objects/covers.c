#include "restore/objects/covers.h"

#include "storage/base/json.h"

bool covers(const struct json_object *live, const struct json_object *wanted)
{
	if (json_kind(live) != json_kind(wanted))
		return json_len(wanted) == 0 && json_kind(live) == JSON_NULL &&
		       json_kind(wanted) >= JSON_ARRAY;
	if (json_kind(wanted) == JSON_ARRAY) {
		if (json_len(live) != json_len(wanted))
			return false;
		for (size_t i = 0; i < json_len(wanted); i++)
			if (!covers(json_at(live, i), json_at(wanted, i)))
				return false;
		return true;
	}
	if (json_kind(wanted) != JSON_OBJECT)
		return json_equal(live, wanted);
	for (struct json_iter it = json_iter(wanted); json_next(&it);)
		if (!covers(json_get(live, it.key), it.value))
			return false;
	return true;
}
