// The last records, for who asks later, and those who follow along. A follower that is too slow loses records and is
// told how many; it never holds up the others or the kernel's ring.

/** Gets every new record; answers whether it could take it. */
export type Follower<Item> = { readonly offer: (item: Item) => boolean; readonly lost: (count: number) => boolean };

export class History<Item> {
  private readonly items: Item[] = [];
  private readonly followers = new Map<Follower<Item>, number>();
  private readonly capacity: number;
  private lostCount = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  add(item: Item): void {
    this.items.push(item);
    // Cut in blocks: shifting one by one would move the whole array with each record.
    if (this.items.length >= 2 * this.capacity) this.items.splice(0, this.items.length - this.capacity);
    for (const [follower, missed] of this.followers) this.pass(follower, missed, item);
  }

  /** Oldest first. */
  last(count: number): readonly Item[] {
    return this.items.slice(-Math.min(count, this.capacity) || this.items.length);
  }

  /** Returns how to stop. */
  follow(follower: Follower<Item>): () => void {
    this.followers.set(follower, 0);
    return () => this.followers.delete(follower);
  }

  /** Records that followers did not get, all together. */
  get lost(): number {
    return this.lostCount;
  }

  private pass(follower: Follower<Item>, missed: number, item: Item): void {
    const caughtUp = missed === 0 || follower.lost(missed);
    const taken = caughtUp && follower.offer(item);
    if (!taken) this.lostCount++;
    this.followers.set(follower, taken ? 0 : (caughtUp ? 0 : missed) + 1);
  }
}
