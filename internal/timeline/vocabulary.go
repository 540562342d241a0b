package timeline

import "slices"

// The closed words of the contract.
var (
	Statuses           = []string{"occurred", "ongoing", "planned", "alleged"}
	Roles              = []string{"location", "initiator", "participant", "target", "signatory", "mediator", "affected"}
	ActorKinds         = []string{"person", "organisation", "state", "armed_group"}
	LocationPrecisions = []string{"exact", "city", "region", "country"}
	Relations          = []string{"follows", "responds_to", "part_of", "leads_to", "contradicts", "same_as"}
	// Supportable names the fields of an event that a quote can be evidence for.
	Supportable = []string{
		"type", "status", "date", "title", "summary", "countries", "actors",
		"location", "measures", "tags", "links", "attributes",
	}
)

// EventType is a kind of event; a filter by a parent finds its children.
type EventType struct {
	Code   string
	Parent string // "": a root
	Label  Text
}

// Types lists every type, each parent before its children.
var Types = []EventType{
	{"politics", "", Text{"ar": "سياسة", "en": "Politics", "fr": "Politique"}},
	{"coup", "politics", Text{"ar": "انقلاب", "en": "Coup", "fr": "Coup d’État"}},
	{"coup_attempt", "politics", Text{"ar": "محاولة انقلاب", "en": "Coup attempt", "fr": "Tentative de coup d’État"}},
	{"election", "politics", Text{"ar": "انتخابات", "en": "Election", "fr": "Élection"}},
	{"leadership_change", "politics", Text{"ar": "تغيير في القيادة", "en": "Leadership change", "fr": "Changement de dirigeant"}},
	{"protest", "politics", Text{"ar": "احتجاج", "en": "Protest", "fr": "Manifestation"}},
	{"death", "politics", Text{"ar": "وفاة", "en": "Death", "fr": "Décès"}},
	{"independence", "politics", Text{"ar": "استقلال", "en": "Independence", "fr": "Indépendance"}},
	{"diplomacy", "", Text{"ar": "دبلوماسية", "en": "Diplomacy", "fr": "Diplomatie"}},
	{"treaty", "diplomacy", Text{"ar": "معاهدة", "en": "Treaty", "fr": "Traité"}},
	{"agreement", "diplomacy", Text{"ar": "اتفاق", "en": "Agreement", "fr": "Accord"}},
	{"alliance_founded", "diplomacy", Text{"ar": "تأسيس تحالف", "en": "Alliance founded", "fr": "Fondation d’une alliance"}},
	{"withdrawal", "diplomacy", Text{"ar": "انسحاب", "en": "Withdrawal", "fr": "Retrait"}},
	{"suspension", "diplomacy", Text{"ar": "تعليق", "en": "Suspension", "fr": "Suspension"}},
	{"meeting", "diplomacy", Text{"ar": "اجتماع", "en": "Meeting", "fr": "Réunion"}},
	{"statement", "diplomacy", Text{"ar": "تصريح", "en": "Statement", "fr": "Déclaration"}},
	{"sanction", "diplomacy", Text{"ar": "عقوبة", "en": "Sanction", "fr": "Sanction"}},
	{"security", "", Text{"ar": "أمن", "en": "Security", "fr": "Sécurité"}},
	{"threat", "security", Text{"ar": "تهديد", "en": "Threat", "fr": "Menace"}},
	{"attack", "security", Text{"ar": "هجوم", "en": "Attack", "fr": "Attaque"}},
	{"battle", "security", Text{"ar": "معركة", "en": "Battle", "fr": "Bataille"}},
	{"war", "security", Text{"ar": "حرب", "en": "War", "fr": "Guerre"}},
	{"deployment", "security", Text{"ar": "نشر قوات", "en": "Deployment", "fr": "Déploiement"}},
	{"ceasefire", "security", Text{"ar": "وقف إطلاق النار", "en": "Ceasefire", "fr": "Cessez-le-feu"}},
	{"disaster", "", Text{"ar": "كارثة", "en": "Disaster", "fr": "Catastrophe"}},
	{"earthquake", "disaster", Text{"ar": "زلزال", "en": "Earthquake", "fr": "Séisme"}},
	{"eruption", "disaster", Text{"ar": "ثوران بركاني", "en": "Eruption", "fr": "Éruption"}},
	{"other", "", Text{"ar": "أخرى", "en": "Other", "fr": "Autre"}},
}

// TypeCodes lists the codes of Types in the same order.
var TypeCodes = func() []string {
	codes := make([]string, len(Types))
	for i, t := range Types {
		codes[i] = t.Code
	}
	return codes
}()

// TypeByCode finds a type.
func TypeByCode(code string) (EventType, bool) {
	i := slices.IndexFunc(Types, func(t EventType) bool { return t.Code == code })
	if i < 0 {
		return EventType{}, false
	}
	return Types[i], true
}

// TypeWithParents gives a type's code and those of its parents, nearest first.
func TypeWithParents(code string) []string {
	var chain []string
	for code != "" {
		t, ok := TypeByCode(code)
		if !ok {
			break
		}
		chain = append(chain, code)
		code = t.Parent
	}
	return chain
}

// TypeWithChildren gives a type's code and those of the types below it.
func TypeWithChildren(code string) []string {
	found := []string{code}
	for _, t := range Types {
		if t.Parent == code {
			found = append(found, t.Code)
		}
	}
	return found
}

// StatusLabels and RoleLabels name the closed words for people.
var StatusLabels = map[string]Text{
	"occurred": {"ar": "وقع", "en": "Occurred", "fr": "Survenu"},
	"ongoing":  {"ar": "مستمر", "en": "Ongoing", "fr": "En cours"},
	"planned":  {"ar": "مخطط له", "en": "Planned", "fr": "Prévu"},
	"alleged":  {"ar": "مزعوم", "en": "Alleged", "fr": "Allégué"},
}
