from rest_framework import serializers

from epg.models import Channel, Programme, Show
from streaming.lean import LeanMixin


class ChannelSerializer(LeanMixin, serializers.ModelSerializer):
    unread = ("description", "languages", "feed_id", "launched_on")

    package = serializers.CharField(source="package.code")
    available = serializers.SerializerMethodField()

    class Meta:
        model = Channel
        fields = [
            "number",
            "slug",
            "name",
            "logo",
            "package",
            "available",
            "description",
            "languages",
            "resolution",
            "feed_id",
            "launched_on",
        ]

    def get_available(self, channel: Channel) -> bool:
        return channel.pk in self.context["available"]


class ProgrammeSerializer(LeanMixin, serializers.ModelSerializer):
    unread = ("crid", "country", "catchup_until", "updated_at")

    minutes = serializers.SerializerMethodField()

    class Meta:
        model = Programme
        fields = [
            "id",
            "show",
            "title",
            "subtitle",
            "description",
            "starts_at",
            "ends_at",
            "minutes",
            "genres",
            "season",
            "episode",
            "age_rating",
            "is_live",
            "is_new",
            "image",
            "catchup_until",
            "crid",
            "country",
            "updated_at",
        ]

    def get_minutes(self, programme: Programme) -> int:
        return int((programme.ends_at - programme.starts_at).total_seconds() // 60)


class GuideChannelSerializer(LeanMixin, serializers.ModelSerializer):
    """A channel's row in the guide."""

    unread = ("logo",)

    available = serializers.SerializerMethodField()
    programmes = ProgrammeSerializer(many=True, source="listing")

    class Meta:
        model = Channel
        fields = ["number", "slug", "name", "logo", "available", "programmes"]

    def get_available(self, channel: Channel) -> bool:
        return channel.pk in self.context["available"]


class AiringSerializer(LeanMixin, serializers.ModelSerializer):
    """When and where a show is on next."""

    unread = ("id",)

    channel = serializers.CharField(source="channel.name")

    class Meta:
        model = Programme
        fields = ["id", "channel", "starts_at", "ends_at", "subtitle", "is_live"]


class ShowSerializer(LeanMixin, serializers.ModelSerializer):
    unread = ("id", "tagline", "country", "cast")

    genre = serializers.CharField(source="genre.name")
    airings = AiringSerializer(many=True, source="next_airings")
    related = serializers.JSONField()

    class Meta:
        model = Show
        fields = [
            "id",
            "title",
            "tagline",
            "description",
            "genre",
            "year",
            "country",
            "age_rating",
            "poster",
            "cast",
            "airings",
            "related",
        ]
