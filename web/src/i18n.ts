/** The page's own words. Names of countries, types and data sets, and labels of dates, come from the API. */
import { computed, signal } from '@preact/signals';
import { civil, type Day } from './days';
import { recall, remember } from './memory';
import { go, state } from './state';

export type Lang = 'ar' | 'en' | 'fr';
export const langs: Lang[] = ['ar', 'en', 'fr'];
export const langNames: Record<Lang, string> = { ar: 'العربية', en: 'English', fr: 'Français' };

const isLang = (s: string | null | undefined): s is Lang => s === 'ar' || s === 'en' || s === 'fr';

function preferred(): Lang {
  const kept = recall('browser', 'tarikh-lang');
  if (isLang(kept)) return kept;
  for (const tag of navigator.languages) {
    const base = tag.slice(0, 2).toLowerCase();
    if (isLang(base)) return base;
  }
  return 'en';
}

const fallback = signal<Lang>(preferred());
export const lang = computed<Lang>(() => (isLang(state.value.lang) ? state.value.lang : fallback.value));
export const rtl = computed(() => lang.value === 'ar');

export function setLang(l: Lang): void {
  remember('browser', 'tarikh-lang', l);
  fallback.value = l;
  go({ lang: l });
}

const en = {
  tagline: 'Events, dated as exactly as their sources date them',
  skip: 'Skip to the timeline', search: 'Search events', searchHint: 'Words in titles, people, places and quotes, in any language',
  language: 'Language', theme: 'Theme', themeLight: 'Light', themeDark: 'Dark', themeAuto: 'Auto',
  api: 'API', add: 'Add an event', filters: 'Filters', clear: 'Clear all', remove: 'Remove', close: 'Close',
  certain: 'Certain', possible: 'Possible', certainHint: 'the source fixes the day', possibleHint: 'the source says only “2021”, or “by September”',
  lastingHint: 'goes on', doubtHint: 'dated as approximate or uncertain', legend: 'How to read it',
  overview: 'Events over time', overviewHint: 'Drag across the chart to choose a period. Solid bars certainly began then, hatched ones possibly did.',
  windowStart: 'Start of the period', windowEnd: 'End of the period', wholeTime: 'All of time', period: 'Period',
  matchPossible: 'possibly in this period', matchCertain: 'certainly in this period', match: 'Keep what lies',
  timeline: 'Timeline', table: 'Table', layout: 'Show as', lanes: 'Lanes', lanesNone: 'None', lanesCountry: 'Country', lanesType: 'Type',
  zoomIn: 'Zoom in', zoomOut: 'Zoom out', zoomAll: 'Show all of time', earlier: 'Earlier', later: 'Later',
  keys: 'Arrow keys move between events, Enter opens one, + and − zoom, Shift with an arrow key moves the period, 0 shows all of time.',
  dense: 'Too many to draw one by one: each bar counts the events that began in it. Zoom in, or click a bar, to see them.',
  map: 'Where', mapHint: 'Select a country to see its events alone.', mapFit: 'Zoom to the events', mapWorld: 'Whole world', offMap: 'Not on this map', mapNone: 'no events',
  country: 'Countries', type: 'Types', status: 'Status', dataset: 'Data sets', more: 'Show more', fewer: 'Show fewer', find: 'Find a country',
  occurred: 'occurred', ongoing: 'ongoing', planned: 'planned', alleged: 'alleged',
  share: 'This view as', permalink: 'Copy link', embed: 'Copy embed code', copied: 'Copied', copyThis: 'Copy this:', calendar: 'Calendar', request: 'API request',
  date: 'Date', title: 'Title', countries: 'Countries', actors: 'Who', summary: 'Summary', sources: 'Sources', quote: 'Quote', related: 'Related events', history: 'History',
  place: 'Place', measures: 'Figures', tags: 'Tags', attributes: 'Notes of the data set', supports: 'Evidence for', published: 'published', noTitle: 'Untitled source', id: 'Id', revision: 'Revision',
  missing: 'There is no such event', deleted: 'This event was deleted', edtf: 'As an EDTF expression',
  noHistory: 'Nothing was changed since it was first written.', historyOp: { create: 'Added', update: 'Changed', delete: 'Deleted', merge: 'Merged' } as Record<string, string>, changed: 'changed', then: 'as it was then', showAll: 'Show everything', readMore: 'Show all',
  precision: { day: 'known to the day', month: 'some time in that month', season: 'some time in that season', year: 'some time in that year', decade: 'some time in that decade', century: 'some time in that century', interval: 'lasts from a start to an end', set: 'one of several possible days' } as Record<string, string>,
  approximate: 'approximate', uncertain: 'uncertain',
  role: { location: 'where it happened', initiator: 'initiator', participant: 'participant', target: 'target', signatory: 'signatory', mediator: 'mediator', affected: 'affected' } as Record<string, string>,
  relation: { follows: 'follows', responds_to: 'responds to', part_of: 'part of', leads_to: 'leads to', contradicts: 'contradicts', same_as: 'the same as' } as Record<string, string>,
  inverse: { follows: 'followed by', responds_to: 'answered by', part_of: 'contains', leads_to: 'led to by', contradicts: 'contradicted by', same_as: 'the same as' } as Record<string, string>,
  loading: 'Loading…', slow: 'Still loading: the server takes its time.', empty: 'No event fits these filters.', emptyHint: 'Remove a filter, or widen the period.', emptyAll: 'There are no events yet. Add one with a key, or import a data set.',
  failed: 'This could not be loaded.', offline: 'The server cannot be reached. What you see may be old; it is asked again when the connection is back.', busy: 'The server is busy and is asked again shortly.', retry: 'Try again', faulty: 'The address asks for something the API does not know:', use: 'Use', needKey: 'This server asks for a key to read.',
  tooMany: 'Too many requests in a short time.', wholeCounts: 'Counting under these filters takes too long, so these are counts of all events. A shorter period helps.',
  key: 'API key', keyHint: 'Kept in this tab alone, and forgotten when you close it. An operator makes one with: api keys create', useKey: 'Use this key', forgetKey: 'Forget the key',
  correct: 'Correct this event', newEvent: 'New event', correctEvent: 'Correct an event', save: 'Save', cancel: 'Cancel', saved: 'Saved.', preview: 'Reads as', dateHint: 'EDTF: 2021, 2023-07, 2023-07-26, 2023-07/.., [..2023-09-16], 2021~', dateFails: 'Not a date yet', previewLater: 'No preview; the server checks the date when you save.',
  addCountry: 'Add a country', addSource: 'Add a source', addLink: 'Add a link', roleOf: 'Role', publisher: 'Publisher', url: 'Address', sourceLang: 'Language of the source', linkTo: 'Id of the event', relationOf: 'Relation', choose: 'Choose…',
  conflict: 'Someone else changed this event while you were writing.', mine: 'Yours', theirs: 'Theirs now', takeTheirs: 'Take theirs', keepMine: 'Save mine over theirs', faults: 'Some fields need another look:', unknownCountry: 'is not a country that is known', sourceTitle: 'Headline', optional: 'optional', idHint: 'Leave empty to have one made', tagsHint: 'separated by commas',
  bc: (y: number) => `${y} BC`, century: (n: number) => `${n}s`, sameInAll: 'in', open: 'open',
  openHere: 'Open in Tarikh', sort: 'oldest first', contract: 'For developers: everything here comes from the public API', licences: 'Licences',
  months: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'],
  short: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  events: { one: '{} event', other: '{} events' } as Record<string, string>, atLeast: 'over {}', other: 'Other', certainly: '{} certain', possibly: '{} possible', noCountry: 'No country',
};

type Words = typeof en;

const fr: Words = {
  tagline: 'Des événements, datés aussi exactement que leurs sources les datent',
  skip: 'Aller à la chronologie', search: 'Chercher des événements', searchHint: 'Mots des titres, personnes, lieux et citations, dans toute langue',
  language: 'Langue', theme: 'Thème', themeLight: 'Clair', themeDark: 'Sombre', themeAuto: 'Auto',
  api: 'API', add: 'Ajouter un événement', filters: 'Filtres', clear: 'Tout effacer', remove: 'Retirer', close: 'Fermer',
  certain: 'Certain', possible: 'Possible', certainHint: 'la source fixe le jour', possibleHint: 'la source dit seulement « 2021 » ou « avant septembre »',
  lastingHint: 'se poursuit', doubtHint: 'daté comme approximatif ou incertain', legend: 'Comment lire',
  overview: 'Les événements dans le temps', overviewHint: 'Glissez sur le graphique pour choisir une période. Les barres pleines y ont certainement commencé, les hachurées peut-être.',
  windowStart: 'Début de la période', windowEnd: 'Fin de la période', wholeTime: 'Toute la durée', period: 'Période',
  matchPossible: 'peut-être dans cette période', matchCertain: 'certainement dans cette période', match: 'Garder ce qui tombe',
  timeline: 'Chronologie', table: 'Tableau', layout: 'Afficher en', lanes: 'Bandes', lanesNone: 'Aucune', lanesCountry: 'Pays', lanesType: 'Type',
  zoomIn: 'Agrandir', zoomOut: 'Réduire', zoomAll: 'Montrer toute la durée', earlier: 'Plus tôt', later: 'Plus tard',
  keys: 'Les flèches vont d’un événement à l’autre, Entrée en ouvre un, + et − changent l’échelle, Maj avec une flèche déplace la période, 0 montre toute la durée.',
  dense: 'Trop nombreux pour être dessinés un à un : chaque barre compte les événements qui y ont commencé. Agrandissez, ou choisissez une barre, pour les voir.',
  map: 'Où', mapHint: 'Choisissez un pays pour ne voir que ses événements.', mapFit: 'Cadrer sur les événements', mapWorld: 'Monde entier', offMap: 'Hors de cette carte', mapNone: 'aucun événement',
  country: 'Pays', type: 'Types', status: 'Statut', dataset: 'Jeux de données', more: 'Montrer plus', fewer: 'Montrer moins', find: 'Trouver un pays',
  occurred: 'survenu', ongoing: 'en cours', planned: 'prévu', alleged: 'allégué',
  share: 'Cette vue en', permalink: 'Copier le lien', embed: 'Copier le code d’intégration', copied: 'Copié', copyThis: 'À copier :', calendar: 'Calendrier', request: 'Requête API',
  date: 'Date', title: 'Titre', countries: 'Pays', actors: 'Acteurs', summary: 'Résumé', sources: 'Sources', quote: 'Citation', related: 'Événements liés', history: 'Historique',
  place: 'Lieu', measures: 'Chiffres', tags: 'Mots-clés', attributes: 'Notes du jeu de données', supports: 'Preuve pour', published: 'publié', noTitle: 'Source sans titre', id: 'Identifiant', revision: 'Révision',
  missing: 'Cet événement n’existe pas', deleted: 'Cet événement a été supprimé', edtf: 'En expression EDTF',
  noHistory: 'Rien n’a changé depuis sa première écriture.', historyOp: { create: 'Ajouté', update: 'Modifié', delete: 'Supprimé', merge: 'Fusionné' }, changed: 'modifié', then: 'tel qu’il était alors', showAll: 'Tout montrer', readMore: 'Tout montrer',
  precision: { day: 'connu au jour près', month: 'à un moment de ce mois', season: 'à un moment de cette saison', year: 'à un moment de cette année', decade: 'à un moment de cette décennie', century: 'à un moment de ce siècle', interval: 'dure d’un début à une fin', set: 'un jour parmi plusieurs possibles' },
  approximate: 'approximatif', uncertain: 'incertain',
  role: { location: 'lieu', initiator: 'initiateur', participant: 'participant', target: 'cible', signatory: 'signataire', mediator: 'médiateur', affected: 'touché' },
  relation: { follows: 'suit', responds_to: 'répond à', part_of: 'fait partie de', leads_to: 'mène à', contradicts: 'contredit', same_as: 'identique à' },
  inverse: { follows: 'suivi de', responds_to: 'a pour réponse', part_of: 'comprend', leads_to: 'résulte de', contradicts: 'contredit par', same_as: 'identique à' },
  loading: 'Chargement…', slow: 'Toujours en chargement : le serveur prend son temps.', empty: 'Aucun événement ne correspond à ces filtres.', emptyHint: 'Retirez un filtre, ou élargissez la période.', emptyAll: 'Il n’y a pas encore d’événement. Ajoutez-en un avec une clé, ou importez un jeu de données.',
  failed: 'Le chargement a échoué.', offline: 'Le serveur est injoignable. Ce que vous voyez peut dater ; il sera de nouveau interrogé au retour de la connexion.', busy: 'Le serveur est occupé et sera bientôt de nouveau interrogé.', retry: 'Réessayer', faulty: 'L’adresse demande ce que l’API ne connaît pas :', use: 'Utiliser', needKey: 'Ce serveur demande une clé pour lire.',
  tooMany: 'Trop de requêtes en peu de temps.', wholeCounts: 'Compter avec ces filtres prend trop de temps : voici les comptes de tous les événements. Une période plus courte aide.',
  key: 'Clé d’API', keyHint: 'Gardée dans cet onglet seul, oubliée à sa fermeture. Un opérateur en crée une avec : api keys create', useKey: 'Utiliser cette clé', forgetKey: 'Oublier la clé',
  correct: 'Corriger cet événement', newEvent: 'Nouvel événement', correctEvent: 'Corriger un événement', save: 'Enregistrer', cancel: 'Annuler', saved: 'Enregistré.', preview: 'Se lit', dateHint: 'EDTF : 2021, 2023-07, 2023-07-26, 2023-07/.., [..2023-09-16], 2021~', dateFails: 'Pas encore une date', previewLater: 'Pas d’aperçu ; le serveur vérifie la date à l’enregistrement.',
  addCountry: 'Ajouter un pays', addSource: 'Ajouter une source', addLink: 'Ajouter un lien', roleOf: 'Rôle', publisher: 'Éditeur', url: 'Adresse', sourceLang: 'Langue de la source', linkTo: 'Identifiant de l’événement', relationOf: 'Relation', choose: 'Choisir…',
  conflict: 'Quelqu’un d’autre a modifié cet événement pendant que vous écriviez.', mine: 'Le vôtre', theirs: 'Le leur, maintenant', takeTheirs: 'Prendre le leur', keepMine: 'Enregistrer le mien par-dessus', faults: 'Des champs sont à revoir :', unknownCountry: 'n’est pas un pays connu', sourceTitle: 'Titre de presse', optional: 'facultatif', idHint: 'Laisser vide pour en créer un', tagsHint: 'séparés par des virgules',
  bc: (y) => `${y} av. J.-C.`, century: (n) => `${n}`, sameInAll: 'en', open: 'ouvert',
  openHere: 'Ouvrir dans Tarikh', sort: 'du plus ancien au plus récent', contract: 'Pour les développeurs : tout vient ici de l’API publique', licences: 'Licences',
  months: ['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre', 'novembre', 'décembre'],
  short: ['janv.', 'févr.', 'mars', 'avr.', 'mai', 'juin', 'juil.', 'août', 'sept.', 'oct.', 'nov.', 'déc.'],
  events: { one: '{} événement', many: '{} d’événements', other: '{} événements' }, atLeast: 'plus de {}', other: 'Autres', certainly: '{} certains', possibly: '{} possibles', noCountry: 'Aucun pays',
};

const ar: Words = {
  tagline: 'أحداث مؤرخة بالدقة التي تؤرخها بها مصادرها، لا أكثر',
  skip: 'انتقل إلى الخط الزمني', search: 'ابحث في الأحداث', searchHint: 'كلمات من العناوين والأشخاص والأماكن والاقتباسات، بأي لغة',
  language: 'اللغة', theme: 'المظهر', themeLight: 'فاتح', themeDark: 'داكن', themeAuto: 'تلقائي',
  api: 'الواجهة البرمجية', add: 'أضف حدثا', filters: 'المرشحات', clear: 'امسح الكل', remove: 'أزل', close: 'أغلق',
  certain: 'مؤكد', possible: 'محتمل', certainHint: 'المصدر يحدد اليوم', possibleHint: 'المصدر يقول «2021» فقط، أو «قبل سبتمبر»',
  lastingHint: 'مستمر', doubtHint: 'تاريخ تقريبي أو غير مؤكد', legend: 'كيف تقرأ',
  overview: 'الأحداث عبر الزمن', overviewHint: 'اسحب فوق المخطط لاختيار فترة. الأعمدة المصمتة بدأت فيها حتما، والمخططة ربما بدأت.',
  windowStart: 'بداية الفترة', windowEnd: 'نهاية الفترة', wholeTime: 'كل الزمن', period: 'الفترة',
  matchPossible: 'ربما في هذه الفترة', matchCertain: 'حتما في هذه الفترة', match: 'أبق ما وقع',
  timeline: 'خط زمني', table: 'جدول', layout: 'العرض', lanes: 'المسارات', lanesNone: 'بلا', lanesCountry: 'البلد', lanesType: 'النوع',
  zoomIn: 'تكبير', zoomOut: 'تصغير', zoomAll: 'أظهر كل الزمن', earlier: 'أقدم', later: 'أحدث',
  keys: 'تنقل الأسهم بين الأحداث، ويفتح Enter أحدها، ويغير + و− المقياس، ويحرك Shift مع السهم الفترة، ويظهر 0 كل الزمن.',
  dense: 'الأحداث أكثر من أن ترسم واحدا واحدا: كل عمود يعد الأحداث التي بدأت فيه. كبر، أو اختر عمودا، لتراها.',
  map: 'أين', mapHint: 'اختر بلدا لترى أحداثه وحدها.', mapFit: 'قرب إلى الأحداث', mapWorld: 'العالم كله', offMap: 'ليست على هذه الخريطة', mapNone: 'لا أحداث',
  country: 'البلدان', type: 'الأنواع', status: 'الحالة', dataset: 'مجموعات البيانات', more: 'أظهر المزيد', fewer: 'أظهر أقل', find: 'ابحث عن بلد',
  occurred: 'وقع', ongoing: 'مستمر', planned: 'مخطط', alleged: 'مزعوم',
  share: 'هذا العرض بصيغة', permalink: 'انسخ الرابط', embed: 'انسخ رمز التضمين', copied: 'نُسخ', copyThis: 'انسخ هذا:', calendar: 'تقويم', request: 'طلب الواجهة',
  date: 'التاريخ', title: 'العنوان', countries: 'البلدان', actors: 'الأطراف', summary: 'الملخص', sources: 'المصادر', quote: 'الاقتباس', related: 'أحداث مرتبطة', history: 'السجل',
  place: 'المكان', measures: 'الأرقام', tags: 'الوسوم', attributes: 'ملاحظات مجموعة البيانات', supports: 'دليل على', published: 'نُشر', noTitle: 'مصدر بلا عنوان', id: 'المعرف', revision: 'المراجعة',
  missing: 'لا يوجد حدث كهذا', deleted: 'حُذف هذا الحدث', edtf: 'بصيغة EDTF',
  noHistory: 'لم يتغير شيء منذ كُتب أول مرة.', historyOp: { create: 'أضيف', update: 'عُدل', delete: 'حُذف', merge: 'دُمج' }, changed: 'تغير', then: 'كما كان حينها', showAll: 'أظهر كل شيء', readMore: 'أظهر الكل',
  precision: { day: 'معروف باليوم', month: 'في وقت ما من ذلك الشهر', season: 'في وقت ما من ذلك الفصل', year: 'في وقت ما من تلك السنة', decade: 'في وقت ما من ذلك العقد', century: 'في وقت ما من ذلك القرن', interval: 'يمتد من بداية إلى نهاية', set: 'يوم من عدة أيام محتملة' },
  approximate: 'تقريبي', uncertain: 'غير مؤكد',
  role: { location: 'مكان الحدث', initiator: 'مبادر', participant: 'مشارك', target: 'مستهدف', signatory: 'موقّع', mediator: 'وسيط', affected: 'متأثر' },
  relation: { follows: 'يلي', responds_to: 'رد على', part_of: 'جزء من', leads_to: 'يؤدي إلى', contradicts: 'يناقض', same_as: 'هو نفسه' },
  inverse: { follows: 'يليه', responds_to: 'الرد عليه', part_of: 'يضم', leads_to: 'نتج عن', contradicts: 'يناقضه', same_as: 'هو نفسه' },
  loading: 'جار التحميل…', slow: 'ما زال التحميل جاريا: الخادم بطيء.', empty: 'لا حدث يطابق هذه المرشحات.', emptyHint: 'أزل مرشحا، أو وسع الفترة.', emptyAll: 'لا أحداث بعد. أضف حدثا بمفتاح، أو استورد مجموعة بيانات.',
  failed: 'تعذر التحميل.', offline: 'لا يمكن الوصول إلى الخادم. قد يكون ما تراه قديما؛ سيُسأل مجددا عند عودة الاتصال.', busy: 'الخادم مشغول وسيُسأل مجددا بعد قليل.', retry: 'أعد المحاولة', faulty: 'في العنوان ما لا تعرفه الواجهة البرمجية:', use: 'استعمل', needKey: 'يطلب هذا الخادم مفتاحا للقراءة.',
  tooMany: 'طلبات كثيرة في وقت قصير.', wholeCounts: 'يستغرق العد بهذه المرشحات وقتا طويلا، فهذه أعداد كل الأحداث. فترة أقصر تساعد.',
  key: 'مفتاح الواجهة', keyHint: 'يبقى في هذا التبويب وحده ويُنسى عند إغلاقه. ينشئه المشغل بالأمر: api keys create', useKey: 'استعمل هذا المفتاح', forgetKey: 'انس المفتاح',
  correct: 'صحح هذا الحدث', newEvent: 'حدث جديد', correctEvent: 'تصحيح حدث', save: 'احفظ', cancel: 'ألغ', saved: 'حُفظ.', preview: 'يُقرأ', dateHint: 'EDTF: 2021، 2023-07، 2023-07-26، 2023-07/..، [..2023-09-16]، 2021~', dateFails: 'ليس تاريخا بعد', previewLater: 'لا معاينة؛ يفحص الخادم التاريخ عند الحفظ.',
  addCountry: 'أضف بلدا', addSource: 'أضف مصدرا', addLink: 'أضف رابطا', roleOf: 'الدور', publisher: 'الناشر', url: 'العنوان الشبكي', sourceLang: 'لغة المصدر', linkTo: 'معرف الحدث', relationOf: 'العلاقة', choose: 'اختر…',
  conflict: 'غيّر شخص آخر هذا الحدث وأنت تكتب.', mine: 'نسختك', theirs: 'النسخة الحالية', takeTheirs: 'خذ الحالية', keepMine: 'احفظ نسختي فوقها', faults: 'حقول تحتاج إلى مراجعة:', unknownCountry: 'ليس بلدا معروفا', sourceTitle: 'العنوان الصحفي', optional: 'اختياري', idHint: 'اتركه فارغا ليُنشأ', tagsHint: 'تفصلها فواصل',
  bc: (y) => `${y} ق.م`, century: (n) => `${n}`, sameInAll: 'في', open: 'مفتوح',
  openHere: 'افتح في تاريخ', sort: 'من الأقدم إلى الأحدث', contract: 'للمطورين: كل ما هنا من الواجهة البرمجية العامة', licences: 'التراخيص',
  months: ['يناير', 'فبراير', 'مارس', 'أبريل', 'مايو', 'يونيو', 'يوليو', 'أغسطس', 'سبتمبر', 'أكتوبر', 'نوفمبر', 'ديسمبر'],
  short: ['يناير', 'فبراير', 'مارس', 'أبريل', 'مايو', 'يونيو', 'يوليو', 'أغسطس', 'سبتمبر', 'أكتوبر', 'نوفمبر', 'ديسمبر'],
  events: { zero: 'لا أحداث', one: 'حدث واحد', two: 'حدثان', few: '{} أحداث', many: '{} حدثا', other: '{} حدث' }, atLeast: 'أكثر من {}', other: 'أخرى', certainly: '{} مؤكدة', possibly: '{} محتملة', noCountry: 'بلا بلد',
};

const words: Record<Lang, Words> = { ar, en, fr };
/** The words of the language that is shown. */
export const t = computed(() => words[lang.value]);

/** What stands between a name and what it names. */
export const colon = computed(() => (lang.value === 'fr' ? '\u00a0: ' : ': '));

/** Western digits in all three languages, as the API's labels have them. */
export const number = computed(() => {
  const f = new Intl.NumberFormat(lang.value === 'ar' ? 'ar-u-nu-latn' : lang.value, { maximumFractionDigits: 1 });
  return (n: number) => f.format(n);
});

const rules = computed(() => new Intl.PluralRules(lang.value));

export function events(n: number, over = false): string {
  const forms = t.value.events;
  const form = forms[rules.value.select(n)] ?? forms['other'] ?? '{}';
  return form.replace('{}', over ? t.value.atLeast.replace('{}', number.value(n)) : number.value(n));
}

/** A text in the language that is shown, or in the first of the other languages, with the language it is in. */
export function text(translations: Record<string, string> | null | undefined): { words: string; lang: string } {
  if (!translations) return { words: '', lang: lang.value };
  for (const l of [lang.value, 'en', 'fr', 'ar', ...Object.keys(translations)]) {
    const words = translations[l];
    if (words) return { words, lang: l };
  }
  return { words: '', lang: lang.value };
}

/** The direction of a language: a title that is cut short is cut at its own end. */
export function direction(language: string): 'rtl' | 'ltr' {
  return /^(ar|arc|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/.test(language) ? 'rtl' : 'ltr';
}

export function year(y: number): string {
  return y > 0 ? String(y) : t.value.bc(1 - y);
}

export type Grain = 'year' | 'month' | 'day';

/** A day, month or year of the axis and the brush. Dates of events are never made here. */
export function when(day: Day, grain: Grain, short = false): string {
  const c = civil(day);
  const month = (short ? t.value.short : t.value.months)[c.month - 1] ?? '';
  if (grain === 'year') return year(c.year);
  return grain === 'month' ? `${month} ${year(c.year)}` : `${c.day} ${month} ${year(c.year)}`;
}
