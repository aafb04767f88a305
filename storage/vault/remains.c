#include "storage/vault/remains.h"

#include "storage/vault/notes.h"

#define KIND "remains"

int remains_note(const struct vault *v, const char *label, struct err *err)
{
	return notes_add(v, KIND, label, err);
}

bool remains_known(const struct vault *v, const char *label)
{
	return notes_has(v, KIND, label);
}

int remains_forget(const struct vault *v, const char *label, struct err *err)
{
	return notes_drop(v, KIND, label, err);
}

int remains_list(const struct vault *v, struct strvec *labels, struct err *err)
{
	return notes_list(v, KIND, labels, err);
}
