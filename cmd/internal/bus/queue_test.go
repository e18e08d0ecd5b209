package bus

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"
)

// TestLoginQueue compares the queue with the rule written out: of the logins that wait, the oldest that is
// still fresh; when there is none, the oldest that is not dead.
func TestLoginQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q loginQueue
		var model []loginRequest
		now := time.Date(2016, 12, 16, 20, 0, 0, 0, time.UTC)
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				l := loginRequest{&nats.Msg{}, now}
				q.push(l)
				model = append(model, l)
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "ms")) * time.Millisecond)
			},
			"pop": func(t *rapid.T) {
				want := -1
				for i, l := range model {
					if now.Sub(l.at) <= lateAfter {
						want = i
						break
					}
				}
				for i := 0; want < 0 && i < len(model); i++ {
					if now.Sub(model[i].at) <= deadAfter {
						want = i
					}
				}
				got, ok := q.pop(now)
				if ok != (want >= 0) || ok && got.msg != model[want].msg {
					t.Fatalf("popped %v %v, want number %d of %d", got, ok, want, len(model))
				}
				if ok {
					model = append(model[:want:want], model[want+1:]...)
				}
			},
		})
	})
}

func TestLoginQueueIsBounded(t *testing.T) {
	var f fifo
	first := time.Date(2016, 12, 16, 20, 0, 0, 0, time.UTC)
	for i := range 3 * maxWaiting {
		f.push(loginRequest{at: first.Add(time.Duration(i))})
	}
	if n := len(f.items); n != maxWaiting {
		t.Fatalf("%d logins wait, want %d", n, maxWaiting)
	}
	if cap(f.items) > 4*maxWaiting {
		t.Errorf("room for %d logins", cap(f.items))
	}
	for i := 2 * maxWaiting; i < 3*maxWaiting; i++ {
		if l, ok := f.pop(); !ok || l.at.Sub(first) != time.Duration(i) {
			t.Fatalf("login %d is %v %v", i, l.at.Sub(first), ok)
		}
	}
	if _, ok := f.pop(); ok {
		t.Error("more than was pushed")
	}
}
