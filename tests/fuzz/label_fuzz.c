/* The name of an object in a vault: what is taken for a label is one. */
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"
#include "storage/vault/snapshot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autofree char *object = str_ndup((const char *)data, len);
	struct err err = ERR_INIT;
	struct label_record r;
	struct label l;
	int64_t time;

	if (label_parse(object, &l) == 0) {
		autofree char *name = str_ndup(object, l.name_len);
		autofree char *label = label_make(name, l.time);
		if (strncmp(label, object, l.len) != 0 ||
		    strlen(label) != l.len)
			abort();
		if (label_parse_record(object + l.len, &r) == 0 &&
		    r.level + r.level_len > object + strlen(object))
			abort();
		if (label_parse_marked(object + l.len, &time) == 0) {
			autofree char *again = label_marked_name(label, time);
			if (!str_eq(again, object))
				abort();
		}
	}
	(void)snapshot_name_check(object, &err);
	return 0;
}
