#include "storage/archive/lane_order.h"

void lane_order_init(struct lane_order *t)
{
	*t = (struct lane_order){.rank = 0};
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->passed, NULL);
}

void lane_order_done(struct lane_order *t)
{
	for (size_t r = 0; r < RANK_COUNT; r++)
		vec_done(&t->lanes[r]);
	pthread_cond_destroy(&t->passed);
	pthread_mutex_destroy(&t->lock);
}

/* Passes the turn on, past all lanes that are done. Needs the lock. */
static void pass(struct lane_order *t)
{
	while (t->rank < RANK_COUNT) {
		struct lane_states *lanes = &t->lanes[t->rank];
		if (t->index < lanes->len) {
			if (lanes->items[t->index] != LANE_DONE)
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

void lane_order_rank_done(struct lane_order *t, enum archive_rank rank)
{
	pthread_mutex_lock(&t->lock);
	t->rank_done[rank] = true;
	pass(t);
	pthread_mutex_unlock(&t->lock);
}

void lane_order_set(struct lane_order *t, enum archive_rank rank, size_t index,
    enum lane_state state)
{
	struct lane_states *lanes = &t->lanes[rank];

	pthread_mutex_lock(&t->lock);
	while (lanes->len <= index)
		*vec_add(lanes) = LANE_UNKNOWN;
	lanes->items[index] = state;
	pass(t);
	pthread_mutex_unlock(&t->lock);
}

void lane_order_wait(struct lane_order *t, enum archive_rank rank, size_t index)
{
	pthread_mutex_lock(&t->lock);
	while (t->rank != (size_t)rank || t->index != index)
		pthread_cond_wait(&t->passed, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

bool lane_order_ended(struct lane_order *t)
{
	pthread_mutex_lock(&t->lock);
	bool ended = t->rank == RANK_COUNT;
	pthread_mutex_unlock(&t->lock);
	return ended;
}
