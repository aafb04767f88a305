#include "restore/kube/target.h"

bool target_webhook_is_away(const struct applier *a, uint16_t cluster)
{
	return atomic_load(&a->targets[cluster].webhook_away) ==
	       a->run->advance + 1;
}

void target_note_webhook(struct applier *a, uint16_t cluster)
{
	atomic_store(&a->targets[cluster].webhook_away, a->run->advance + 1);
}
