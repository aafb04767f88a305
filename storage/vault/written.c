#include "storage/vault/written.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "storage/vault/notes.h"

#define KIND "written"

void written_note(const struct vault *v, const char *name, const char *label)
{
	cleanup(strvec_done) struct strvec labels = VEC_INIT;
	struct err ignored = ERR_INIT;

	if (notes_add(v, KIND, label, &ignored) ||
	    written_list(v, name, &labels, &ignored))
		return;
	for (size_t i = 0; i + WRITTEN_REMEMBERED < labels.len; i++)
		(void)notes_drop(v, KIND, labels.items[i], &ignored);
}

int written_forget(const struct vault *v, const char *label, struct err *err)
{
	return notes_drop(v, KIND, label, err);
}

int written_list(const struct vault *v, const char *name, struct strvec *labels,
    struct err *err)
{
	cleanup(strvec_done) struct strvec all = VEC_INIT;
	struct label l;

	if (notes_list(v, KIND, &all, err))
		return -1;
	VEC_EACH (&all, label)
		if (label_parse_of(name, *label, &l) == 0 && !(*label)[l.len])
			strvec_add(labels, *label);
	return 0;
}
