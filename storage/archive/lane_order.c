#include "storage/archive/lane_order.h"

void turns_init(struct turns *t)
{
	*t = (struct turns){.rank = 0};
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->passed, NULL);
}

void turns_done(struct turns *t)
{
	for (size_t r = 0; r < RANK_COUNT; r++)
		vec_done(&t->lanes[r]);
	pthread_cond_destroy(&t->passed);
	pthread_mutex_destroy(&t->lock);
}

/* Moves the turn past what is done. Needs the lock. */
static void pass(struct turns *t)
{
	while (t->rank < RANK_COUNT) {
		struct turn_states *lanes = &t->lanes[t->rank];
		if (t->index < lanes->len) {
			if (lanes->items[t->index] != TURN_DONE)
				break;
			t->index++;
		} else if (t->rank_done[t->rank]) {
			t->rank++;
			t->index = 0;
		} else {
			break;
		}
	}
	pthread_cond_broadcast(&t->passed);
}

void turns_rank_done(struct turns *t, enum archive_rank rank)
{
	pthread_mutex_lock(&t->lock);
	t->rank_done[rank] = true;
	pass(t);
	pthread_mutex_unlock(&t->lock);
}

void turns_set(struct turns *t, enum archive_rank rank, size_t index,
    enum turn_state state)
{
	struct turn_states *lanes = &t->lanes[rank];

	pthread_mutex_lock(&t->lock);
	while (lanes->len <= index)
		*vec_add(lanes) = TURN_UNKNOWN;
	lanes->items[index] = state;
	pass(t);
	pthread_mutex_unlock(&t->lock);
}

void turns_wait(struct turns *t, enum archive_rank rank, size_t index)
{
	pthread_mutex_lock(&t->lock);
	while (t->rank != (size_t)rank || t->index != index)
		pthread_cond_wait(&t->passed, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

bool turns_ended(struct turns *t)
{
	pthread_mutex_lock(&t->lock);
	bool ended = t->rank == RANK_COUNT;
	pthread_mutex_unlock(&t->lock);
	return ended;
}
