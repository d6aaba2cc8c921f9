{# What the usual resolutions of trackers mean, as text_key writes them: their letters and digits in lower case. An
   organisation adds its own with the registry's `issue_resolutions`. #}

{# Closed without delivering anything. #}
{% macro undelivered_resolutions() -%}
    {{ return([
        'wontfix', 'wontdo', 'willnotfix', 'willnotdo', 'wontimplement', 'willnotimplement', 'notdoing', 'incomplete',
        'invalid', 'notaproblem', 'notabug', 'notanissue', 'nobug', 'noproblem', 'cannotreproduce', 'cantreproduce',
        'cannotbereproduced', 'couldnotreproduce', 'unabletoreproduce', 'notreproducible', 'unreproducible', 'worksforme',
        'worksasdesigned', 'worksasintended', 'workingasdesigned', 'workingasintended', 'asdesigned', 'bydesign',
        'duplicate', 'duplicated', 'duplicateof', 'declined', 'rejected', 'abandoned', 'obsolete', 'outdated', 'outofdate',
        'outofscope', 'superseded', 'expired', 'stale', 'cancelled', 'canceled', 'withdrawn', 'discarded', 'dropped',
        'deferred', 'postponed', 'later', 'remind', 'remindlater', 'notplanned', 'notneeded', 'nolongerneeded',
        'notrequired', 'nolongerrequired', 'notapplicable', 'noresponse', 'nofeedback', 'insufficientinformation',
        'informationprovided', 'feedbackreceived', 'autoclosed', 'bulkclosed', 'unresolved', 'unsupported', 'noaction',
        'noactionrequired', 'spam', 'trivial',
        'wirdnichterledigt', 'wirdnichtbehoben', 'wirdnichtgemacht', 'wirdnichtumgesetzt', 'nichterledigt',
        'nichtreproduzierbar', 'kannnichtreproduziertwerden', 'duplikat', 'doppelt', 'ungültig', 'unvollständig',
        'abgelehnt', 'abgebrochen', 'veraltet', 'hinfällig', 'storniert', 'verworfen', 'keinfehler', 'keinproblem',
        'zurückgezogen', 'zurückgestellt',
        'neserapascorrigé', 'neserapasfait', 'neserapasrésolu', 'neserapastraité', 'nonreproductible',
        'impossibleàreproduire', 'nepeutêtrereproduit', 'doublon', 'dupliqué', 'invalide', 'nonvalide', 'incomplet',
        'refusé', 'rejeté', 'abandonné', 'obsolète', 'annulé', 'reporté', 'pasunproblème', 'pasunbug',
        'nosehará', 'noserealizará', 'nosecorregirá', 'nosesolucionará', 'nosearreglará', 'noreproducible',
        'nosepuedereproducir', 'duplicado', 'inválido', 'novalido', 'noválido', 'incompleto', 'rechazado', 'abandonado',
        'obsoleto', 'cancelado', 'descartado', 'aplazado', 'noesunproblema', 'noesunerror',
        'nãoseráfeito', 'nãoserácorrigido', 'nãoreproduzível', 'rejeitado', 'recusado', 'nãoéumproblema',
        'nonverràcorretto', 'nonriproducibile', 'duplicato', 'nonvalido', 'rifiutato', 'annullato',
        'nietoplossen', 'nietreproduceerbaar', 'dubbel', 'ongeldig', 'afgewezen', 'geannuleerd', 'verouderd',
        'дубликат', 'отклонено', 'отклонен', 'отклонён', 'отменено', 'небудетисправлено', 'небудетсделано',
        'невоспроизводится', 'невозможновоспроизвести', 'неактуально', 'некорректно',
        '不做', '不会做', '不予处理', '不修复', '不解决', '不予解决', '重复', '无法重现', '不能重现', '无效', '不完整', '拒绝',
        '已拒绝', '取消', '已取消', '已放弃', '过时', '已过时', '不是问题',
        '対応しない', '修正しない', '実施しない', '重複', '再現不可', '再現不能', '再現できない', '無効', '不完全', '不備', '却下',
        'キャンセル', '廃止',
    ]) }}
{%- endmacro %}

{# Done: the work was delivered. #}
{% macro delivered_resolutions() -%}
    {{ return([
        'done', 'fixed', 'resolved', 'completed', 'complete', 'implemented', 'delivered', 'released', 'shipped', 'deployed',
        'accepted', 'solved', 'finished', 'closed', 'verified', 'approved', 'resolvedfixed', 'fixedreleased',
        'erledigt', 'fertig', 'fertiggestellt', 'behoben', 'gelöst', 'abgeschlossen', 'umgesetzt', 'geliefert',
        'terminé', 'fait', 'résolu', 'résolue', 'corrigé', 'corrigée', 'livré', 'livrée', 'réalisé',
        'hecho', 'listo', 'resuelto', 'finalizado', 'completado', 'corregido', 'solucionado', 'realizado',
        'concluído', 'concluida', 'concluída', 'feito', 'resolvido', 'corrigido', 'fatto', 'completato', 'risolto',
        'corretto', 'gereed', 'klaar', 'opgelost', 'voltooid',
        'готово', 'исправлено', 'исправлен', 'решено', 'решен', 'решён', 'выполнено', 'сделано',
        '完成', '已完成', '已解决', '已修复', '解决', '已发布', '已关闭', '完了', '解決', '解決済み', '修正済み', '対応済み', '완료',
    ]) }}
{%- endmacro %}
